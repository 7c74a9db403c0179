"""The routes of articles, favourites and tags."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, cast

from fastapi import Depends, Query, status

from app.api.article_views import (
    ArticleQuery,
    MultipleArticles,
    NewArticleRequest,
    PageQuery,
    SingleArticle,
    TagsView,
    UpdateArticleRequest,
    view_article,
    view_card,
)
from app.api.dependencies import ServiceCache, SharedStore
from app.api.exceptions import problems
from app.api.people import KnownViewer, ViewerId
from app.api.routing import Router
from app.api.viewer import Person
from app.domain.articles import favorites, lists, popular, service
from app.domain.articles.models import Article
from app.domain.articles.service import Changes
from app.domain.articles.showing import look_around
from app.domain.freshness import note_version
from app.shared import Store
from app.unit_of_work import UnitOfWork
from app.utils.cache import Cache
from app.web.units import Begin, ReadUnit, Unit

OWNER = "article"
MODERATE = "articles:moderate"

router = Router(tags=["Articles"])


class Aftermath:
    """What is done as soon as a change is committed."""

    def __init__(self, uow: UnitOfWork, cache: Cache, store: Store) -> None:
        """Wait for the commit of this unit of work."""
        self._uow = uow
        self._cache = cache
        self._store = store

    def note(self, article: Article) -> None:
        """Let other services know that what they keep of the article is old."""
        note_version(self._uow, self._store, OWNER, article.id, article.version)

    def forget(self, *keys: str) -> None:
        """Make the cache forget."""
        self._uow.after_commit(partial(self._cache.delete, *keys))


async def make_aftermath(uow: Unit, cache: ServiceCache, store: SharedStore) -> Aftermath:
    """Return what is done when the request's unit of work is committed."""
    return Aftermath(uow, cache, store)


Afterwards = Annotated[Aftermath, Depends(make_aftermath)]


@router.get(
    "/articles",
    response_model=MultipleArticles,
    summary="List articles",
    responses=problems(401),
)
async def list_articles(
    viewer: ViewerId, query: Annotated[ArticleQuery, Query()], uow: ReadUnit
) -> MultipleArticles:
    """Return the articles that pass all filters, newest first."""
    filters = lists.Filters(tag=query.tag, author=query.author, favorited=query.favorited)
    return await view_list(uow, await lists.list_articles(uow, filters, query.page), viewer)


@router.get(
    "/articles/feed",
    response_model=MultipleArticles,
    summary="Read the feed",
    responses=problems(401),
)
async def list_feed(
    viewer: KnownViewer, query: Annotated[PageQuery, Query()], uow: ReadUnit
) -> MultipleArticles:
    """Return the articles of those whom the reader follows, newest first."""
    return await view_list(uow, await lists.list_feed(uow, viewer.id, query.page), viewer.id)


@router.get(
    "/articles/popular",
    response_model=MultipleArticles,
    summary="+ List popular articles",
    responses=problems(401),
)
async def list_popular(viewer: ViewerId, begin: Begin, cache: ServiceCache) -> MultipleArticles:
    """Return the articles that most people like, twenty at most."""
    found = await popular.read_popular(begin, cache)
    async with begin(read_only=True) as uow:
        around = await look_around(uow, found, viewer)
    cards = [view_card(article, around) for article in found]
    return MultipleArticles(articles=cards, articles_count=len(cards))


@router.post(
    "/articles",
    response_model=SingleArticle,
    status_code=status.HTTP_201_CREATED,
    summary="Publish an article",
    responses=problems(401),
)
async def publish_article(
    viewer: KnownViewer, body: NewArticleRequest, uow: Unit, aftermath: Afterwards
) -> SingleArticle:
    """Store the article and tell whoever listens, both or neither."""
    article = await service.publish_article(
        uow, viewer.id, **body.article.model_dump(by_alias=False)
    )
    aftermath.note(article)
    aftermath.forget(popular.TAGS)
    return await view_one(uow, article, viewer.id)


@router.get(
    "/articles/{slug}",
    response_model=SingleArticle,
    summary="Read an article",
    responses=problems(401, 404),
)
async def get_article(slug: str, viewer: ViewerId, uow: ReadUnit) -> SingleArticle:
    """Return the article."""
    return await view_one(uow, await service.get_article(uow, slug), viewer)


@router.put(
    "/articles/{slug}",
    response_model=SingleArticle,
    summary="Change an article",
    responses=problems(401, 403, 404),
)
async def change_article(
    slug: str, viewer: KnownViewer, body: UpdateArticleRequest, uow: Unit, aftermath: Afterwards
) -> SingleArticle:
    """Change what is given of the article; another title makes another slug."""
    article = await get_own(uow, slug, viewer)
    changes = body.article.model_dump(by_alias=False, exclude_unset=True)
    if changes:
        await service.change_article(uow, article, cast("Changes", changes))
        aftermath.note(article)
        aftermath.forget(popular.TAGS, popular.POPULAR)
    return await view_one(uow, article, viewer.id)


@router.delete(
    "/articles/{slug}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete an article",
    responses=problems(401, 403, 404),
)
async def delete_article(slug: str, viewer: KnownViewer, uow: Unit, aftermath: Afterwards) -> None:
    """Delete the article with its favourites; its comments follow."""
    article = await get_own(uow, slug, viewer)
    await service.delete_article(uow, article)
    aftermath.note(article)
    aftermath.forget(popular.TAGS, popular.POPULAR)


@router.post(
    "/articles/{slug}/favorite",
    response_model=SingleArticle,
    summary="Make an article a favourite",
    tags=["Favorites"],
    responses=problems(401, 404),
)
async def add_favorite(
    slug: str, viewer: KnownViewer, uow: Unit, aftermath: Afterwards
) -> SingleArticle:
    """Like the article; twice is once."""
    article = await favorites.add_favorite(uow, slug, viewer.id)
    aftermath.forget(popular.POPULAR)
    return await view_one(uow, article, viewer.id)


@router.delete(
    "/articles/{slug}/favorite",
    response_model=SingleArticle,
    summary="Make an article no favourite any more",
    tags=["Favorites"],
    responses=problems(401, 404),
)
async def remove_favorite(
    slug: str, viewer: KnownViewer, uow: Unit, aftermath: Afterwards
) -> SingleArticle:
    """Like the article no more; twice is once."""
    article = await favorites.remove_favorite(uow, slug, viewer.id)
    aftermath.forget(popular.POPULAR)
    return await view_one(uow, article, viewer.id)


@router.get("/tags", response_model=TagsView, summary="List tags", tags=["Tags"])
async def list_tags(begin: Begin, cache: ServiceCache) -> TagsView:
    """Return the tags of articles, those with most articles first."""
    return TagsView(tags=list(await popular.read_tags(begin, cache)))


async def get_own(uow: UnitOfWork, slug: str, viewer: Person) -> Article:
    """Return an article that the viewer may change; 404 and 403 otherwise."""
    author_id = None if viewer.may(MODERATE) else viewer.id
    return await service.get_article_to_change(uow, slug, author_id=author_id)


async def view_one(uow: UnitOfWork, article: Article, viewer: int | None) -> SingleArticle:
    """Return an article as the viewer sees it."""
    await uow.session.flush()
    return view_article(article, await look_around(uow, [article], viewer))


async def view_list(
    uow: UnitOfWork, found: lists.ArticleList, viewer: int | None
) -> MultipleArticles:
    """Return a list as the viewer sees it."""
    articles: Sequence[Article] = found.articles
    around = await look_around(uow, articles, viewer)
    cards = [view_card(article, around) for article in articles]
    return MultipleArticles(articles=cards, articles_count=found.count)
