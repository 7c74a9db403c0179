"""Favourites: who likes which article, and how many do."""

from app.domain.articles.models import Article, Favorite
from app.domain.articles.service import get_article
from app.unit_of_work import UnitOfWork


async def add_favorite(uow: UnitOfWork, slug: str, user_id: int) -> Article:
    """Make an article somebody's favourite; twice is once. Raises ArticleNotFoundError."""
    # Whoever else likes it at this moment waits for the row: nobody is counted twice.
    article = await get_article(uow, slug, for_change=True)
    if await uow.session.get(Favorite, (article.id, user_id)) is None:
        uow.session.add(
            Favorite(article_id=article.id, user_id=user_id, created_at=article.created_at)
        )
        article.favorites_count += 1
    return article


async def remove_favorite(uow: UnitOfWork, slug: str, user_id: int) -> Article:
    """Make an article somebody's favourite no more; raises ArticleNotFoundError."""
    article = await get_article(uow, slug, for_change=True)
    favorite = await uow.session.get(Favorite, (article.id, user_id))
    if favorite is not None:
        await uow.session.delete(favorite)
        article.favorites_count -= 1
    return article
