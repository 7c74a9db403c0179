"""What other services ask of articles."""

from app.domain.articles.service import find_article
from app.domain.contracts.articles import ArticleRecord, LookUpArticle
from app.unit_of_work import UnitOfWork
from app.utils.consumer import Consumer

consumer = Consumer()


@consumer.answer(LookUpArticle)
async def look_up_article(request: LookUpArticle, uow: UnitOfWork) -> ArticleRecord:
    """Return what others need of an article."""
    article = await find_article(uow, article_id=request.article_id, slug=request.slug)
    return ArticleRecord(
        article_id=article.id,
        author_id=article.author_id,
        version=article.version,
        slug=article.slug,
        title=article.title,
    )
