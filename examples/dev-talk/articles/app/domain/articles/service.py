"""The business logic of articles: what their authors do with them."""

from typing import TypedDict

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import undefer

from app.core.errors import ForbiddenError, NotFoundError, TransactionConflictError
from app.domain.articles.counts import list_keys, move_counts
from app.domain.articles.models import Article, ArticleTag
from app.domain.articles.slugs import choose_slug, make_words
from app.domain.contracts.articles import ArticleChanged, ArticleDeleted, ArticlePublished
from app.unit_of_work import UnitOfWork
from app.utils.clock import now


class ArticleNotFoundError(NotFoundError):
    """There is no such article."""

    def __init__(self) -> None:
        """Say so in the words of the contract."""
        super().__init__("article: not found")


class NotYourArticleError(ForbiddenError):
    """The article is somebody else's."""

    def __init__(self) -> None:
        """Say so in the words of the contract."""
        super().__init__("article: forbidden")


class Changes(TypedDict, total=False):
    """What can be changed of an article; what is not there stays."""

    title: str
    description: str
    body: str
    tags: list[str]


async def publish_article(
    uow: UnitOfWork, author_id: int, *, title: str, description: str, body: str, tags: list[str]
) -> Article:
    """Store a new article, and tell whoever listens."""
    moment = now()
    article = Article(
        slug=await choose_slug(uow, title),
        title=title,
        description=description,
        body=body,
        tags=tags,
        author_id=author_id,
        favorites_count=0,
        version=1,
        created_at=moment,
        updated_at=moment,
    )
    uow.session.add(article)
    await flush_slug(uow)
    add_tags(uow, article)
    uow.emit(
        ArticlePublished(
            article_id=article.id,
            author_id=author_id,
            version=article.version,
            slug=article.slug,
            title=title,
        )
    )
    await move_counts(uow, after=list_keys(article))
    return article


async def get_article(uow: UnitOfWork, slug: str, *, for_change: bool = False) -> Article:
    """Return an article with its body; raises ArticleNotFoundError."""
    wanted = select(Article).where(Article.slug == slug).options(undefer(Article.body))
    if for_change:
        wanted = wanted.with_for_update()
    article = await uow.session.scalar(wanted)
    if article is None:
        raise ArticleNotFoundError
    return article


async def find_article(uow: UnitOfWork, *, article_id: int | None, slug: str | None) -> Article:
    """Return an article without its body, by id or else by slug; raises ArticleNotFoundError."""
    where = Article.slug == slug if article_id is None else Article.id == article_id
    article = await uow.session.scalar(select(Article).where(where))
    if article is None:
        raise ArticleNotFoundError
    return article


async def get_article_to_change(uow: UnitOfWork, slug: str, *, author_id: int | None) -> Article:
    """Return an article for its author to change, or for anybody without an author.

    Raises ArticleNotFoundError, and NotYourArticleError when it is another author's.
    """
    article = await get_article(uow, slug, for_change=True)
    if author_id not in {None, article.author_id}:
        raise NotYourArticleError
    return article


async def change_article(uow: UnitOfWork, article: Article, changes: Changes) -> None:
    """Change an article, and tell whoever listens; a new title brings a new slug."""
    before = list_keys(article)
    title = changes.get("title", article.title)
    # Not by the slug: in that of "Train 0badcafe" nobody can tell words from random letters.
    if make_words(title) != make_words(article.title):
        article.slug = await choose_slug(uow, title)
    for name, value in changes.items():
        setattr(article, name, value)
    article.version += 1
    article.updated_at = now()
    await flush_slug(uow)
    if "tags" in changes:
        await uow.session.execute(delete(ArticleTag).where(ArticleTag.article_id == article.id))
        add_tags(uow, article)
    uow.emit(
        ArticleChanged(
            article_id=article.id,
            author_id=article.author_id,
            version=article.version,
            slug=article.slug,
            title=article.title,
        )
    )
    await move_counts(uow, before=before, after=list_keys(article))


async def delete_article(uow: UnitOfWork, article: Article) -> None:
    """Delete an article with all that belongs to it, and tell whoever listens."""
    keys = list_keys(article)
    article.version += 1
    uow.emit(
        ArticleDeleted(article_id=article.id, author_id=article.author_id, version=article.version)
    )
    await uow.session.delete(article)
    await move_counts(uow, before=keys)


def add_tags(uow: UnitOfWork, article: Article) -> None:
    """Let an article be found by its tags."""
    uow.session.add_all(
        ArticleTag(article_id=article.id, tag=tag, created_at=article.created_at)
        for tag in article.tags
    )


async def flush_slug(uow: UnitOfWork) -> None:
    """Write an article; when somebody took its slug a moment ago, all of it is done again."""
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise TransactionConflictError("the slug was taken a moment ago") from error
