"""What becomes of comments when something happens to articles."""

from app.domain.comments import articles
from app.domain.contracts.articles import ArticleChanged, ArticleDeleted, ArticlePublished
from app.unit_of_work import UnitOfWork
from app.utils.cache import Cache
from app.utils.consumer import Consumer

consumer = Consumer()


@consumer.on(ArticlePublished)
async def hear_of_new_article(event: ArticlePublished, uow: UnitOfWork) -> None:
    """Know the new article."""
    await articles.hear_article(uow, event)


@consumer.on(ArticleChanged)
async def hear_of_changed_article(event: ArticleChanged, uow: UnitOfWork) -> None:
    """Know by which slug the article goes now."""
    await articles.hear_article(uow, event)


@consumer.on(ArticleDeleted)
async def drop_comments(event: ArticleDeleted, uow: UnitOfWork, cache: Cache) -> None:
    """Delete the comments along with their article."""
    await articles.hear_deletion(uow, cache, event.article_id, version=event.version)
