"""The article of a path, as new as its own service has it."""

from typing import Annotated

from fastapi import Depends

from app.api.dependencies import Requests, SharedStore
from app.core.errors import NotFoundError, UnavailableError
from app.domain.comments import articles
from app.domain.comments.articles import ArticleNotFoundError
from app.domain.comments.models import CommentedArticle
from app.domain.contracts.articles import ArticleRecord, LookUpArticle
from app.domain.freshness import await_version
from app.services.requests import RequestClient
from app.shared import Store
from app.unit_of_work import UnitOfWorkFactory
from app.utils.logger import Logger
from app.utils.requests import RemoteError, ReplyTimeoutError
from app.web.units import Begin

logger = Logger(__name__)

OWNER = "article"
REPLY_SECONDS = 2.0


class ArticleFinder:
    """Finds articles by what was told of them, or else by asking their service."""

    def __init__(self, begin: UnitOfWorkFactory, store: Store, requests: RequestClient) -> None:
        """Read and write in units of work of its own."""
        self._begin = begin
        self._store = store
        self._requests = requests

    async def find(self, slug: str) -> int:
        """Return the id of the article with the slug.

        Raises ArticleNotFoundError, and UnavailableError while the service of articles does not
        answer and nothing is known.
        """
        known = await self._look(slug)
        if known is not None and await self._is_fresh(known.id):
            # While it waited, an event may have come: it may be gone, or have another slug.
            known = await self._look(slug)
            if known is not None:
                return known.id
        try:
            record = await self._requests.ask(LookUpArticle(slug=slug), seconds=REPLY_SECONDS)
        except NotFoundError as error:
            raise ArticleNotFoundError from error
        except (RemoteError, ReplyTimeoutError, UnavailableError) as error:
            if known is None:
                raise UnavailableError("the service articles does not answer") from error
            logger.warning("articles does not answer", slug=slug, error=str(error))
            return known.id
        return await self._keep(record)

    async def _look(self, slug: str) -> CommentedArticle | None:
        async with self._begin(read_only=True) as uow:
            return await articles.find_article(uow, slug)

    async def _is_fresh(self, article_id: int) -> bool:
        async def read_version() -> int:
            async with self._begin(read_only=True) as uow:
                return await articles.read_version(uow, article_id)

        return await await_version(self._store, OWNER, article_id, read_version)

    async def _keep(self, record: ArticleRecord) -> int:
        async with self._begin() as uow:
            await articles.hear_article(uow, record)
        return record.article_id


async def find_article(slug: str, begin: Begin, store: SharedStore, requests: Requests) -> int:
    """Return the id of the article of the path; 404 without one."""
    return await ArticleFinder(begin, store, requests).find(slug)


# Ask for it behind the viewer and before a unit of work: 401 comes first, and SQLite has one
# writer at a time.
ArticleId = Annotated[int, Depends(find_article)]
