"""What is known here of articles: kept from what their service tells or answers."""

from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.core.errors import NotFoundError, TransactionConflictError
from app.domain.comments.listing import forget_comments
from app.domain.comments.models import Comment, CommentedArticle
from app.domain.contracts.articles import ArticleChanged, ArticlePublished, ArticleRecord
from app.unit_of_work import UnitOfWork
from app.utils.cache import Cache

ArticleNews = ArticlePublished | ArticleChanged | ArticleRecord


class ArticleNotFoundError(NotFoundError):
    """There is no such article."""

    def __init__(self) -> None:
        """Say so in the words of the contract."""
        super().__init__("article: not found")


async def hear_article(uow: UnitOfWork, news: ArticleNews) -> None:
    """Keep what there is of an article, unless something newer is known."""
    article = await hold_article(uow, news.article_id, slug=news.slug)
    if news.version > article.version:
        article.slug, article.version = news.slug, news.version


async def hear_deletion(uow: UnitOfWork, cache: Cache, article_id: int, *, version: int) -> None:
    """Delete the comments of an article, and never take it for one that is there again."""
    article = await hold_article(uow, article_id, slug="")
    article.is_deleted, article.version = True, max(article.version, version)
    await uow.session.execute(delete(Comment).where(Comment.article_id == article_id))
    uow.after_commit(partial(forget_comments, cache, article_id))


async def hold_article(uow: UnitOfWork, article_id: int, *, slug: str) -> CommentedArticle:
    """Return what is known of an article, for nobody else to change meanwhile."""
    article = await uow.session.get(CommentedArticle, article_id, with_for_update=True)
    if article is None:
        article = CommentedArticle(id=article_id, slug=slug, version=0)
        uow.session.add(article)
        try:
            await uow.session.flush()
        except IntegrityError as error:
            raise TransactionConflictError("the article was heard of a moment ago") from error
    return article


async def find_article(uow: UnitOfWork, slug: str) -> CommentedArticle | None:
    """Return the article of a slug, as far as it is known."""
    named = select(CommentedArticle).filter_by(slug=slug, is_deleted=False)
    # Another article may have had the slug before; of that one the next event tells.
    return await uow.session.scalar(named.order_by(CommentedArticle.id.desc()).limit(1))


async def read_version(uow: UnitOfWork, article_id: int) -> int:
    """Return which change of an article is the last that is known."""
    known = select(CommentedArticle.version).filter_by(id=article_id)
    return await uow.session.scalar(known) or 0
