"""Lists of articles, favourites, and the feed."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from app.domain.articles import lists
from app.domain.contracts.users import UserFollowed
from tests.kit.clock import Clock
from tests.kit.events import DeliverEvent
from tests.service.people_kit import Enter, Headers
from tests.service.test_articles import publish


@pytest.fixture
async def shelf(client: AsyncClient, ann: Headers, bob: Headers, clock: Clock) -> None:
    """Four articles: A1 and A2 by ann, B1 and B2 by bob, in this order; B2 as new as B1."""
    await publish(client, ann, "A1", tagList=["first"])
    clock.advance(1)
    await publish(client, ann, "A2", tagList=["second"])
    clock.advance(1)
    await publish(client, bob, "B1", tagList=["first"])
    await publish(client, bob, "B2", tagList=["first", "second"])


async def list_titles(
    client: AsyncClient, path: str = "/api/articles", headers: Headers | None = None, **query: Any
) -> tuple[list[str], int]:
    response = await client.get(path, params=query, headers=headers)
    assert response.status_code == 200, response.text
    found = response.json()
    assert not any("body" in article for article in found["articles"])
    return [article["title"] for article in found["articles"]], found["articlesCount"]


@pytest.mark.usefixtures("shelf")
async def test_articles_are_listed_newest_first_in_pages(client: AsyncClient) -> None:
    assert await list_titles(client) == (["B2", "B1", "A2", "A1"], 4)
    assert await list_titles(client, limit=2) == (["B2", "B1"], 4)
    assert await list_titles(client, limit=2, offset=1) == (["B1", "A2"], 4)
    assert await list_titles(client, offset=4) == ([], 4)
    assert await list_titles(client, limit=10**18, offset=10**18) == ([], 4)


@pytest.mark.usefixtures("shelf")
async def test_articles_are_filtered_by_all_that_is_asked_for(
    client: AsyncClient, ann: Headers
) -> None:
    await client.post("/api/articles/a2/favorite", headers=ann)
    await client.post("/api/articles/b2/favorite", headers=ann)
    assert await list_titles(client, tag="first") == (["B2", "B1", "A1"], 3)
    assert await list_titles(client, author="ann") == (["A2", "A1"], 2)
    assert await list_titles(client, favorited="ann") == (["B2", "A2"], 2)
    assert await list_titles(client, favorited="ann", limit=1, offset=1) == (["A2"], 2)
    assert await list_titles(client, tag="first", author="bob") == (["B2", "B1"], 2)
    assert await list_titles(client, tag="first", author="bob", favorited="ann") == (["B2"], 1)
    assert await list_titles(client, author="eve") == ([], 0)
    assert await list_titles(client, favorited="eve") == ([], 0)
    assert await list_titles(client, tag="First") == ([], 0)


@pytest.mark.parametrize("few", [lists.FEW_AUTHORS, 0])
@pytest.mark.usefixtures("shelf")
async def test_the_feed_holds_what_those_wrote_whom_one_follows(
    client: AsyncClient,
    enter: Enter,
    deliver: DeliverEvent,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
) -> None:
    monkeypatch.setattr(lists, "FEW_AUTHORS", few)
    eve = await enter(3, "eve")
    assert await list_titles(client, "/api/articles/feed", eve) == ([], 0)
    await deliver(UserFollowed(user_id=3, version=2, followed_id=2))
    assert await list_titles(client, "/api/articles/feed", eve) == (["B2", "B1"], 2)
    await deliver(UserFollowed(user_id=3, version=3, followed_id=1))
    titles = await list_titles(client, "/api/articles/feed", eve, limit=2, offset=1)
    assert titles == (["B1", "A2"], 4)
    article = (await client.get("/api/articles/b1", headers=eve)).json()["article"]
    assert article["author"]["following"] is True


async def test_a_favourite_counts_once_for_each_who_likes_it(
    client: AsyncClient, ann: Headers, bob: Headers
) -> None:
    await publish(client, ann)
    for headers, count in ((ann, 1), (ann, 1), (bob, 2), (bob, 2)):
        liked = await client.post("/api/articles/dragons/favorite", headers=headers)
        assert liked.status_code == 200
        assert (liked.json()["article"]["favorited"], count) == (True, count)
        assert liked.json()["article"]["favoritesCount"] == count
    seen = (await client.get("/api/articles/dragons")).json()["article"]
    assert (seen["favorited"], seen["favoritesCount"]) == (False, 2)
    for _ in range(2):
        gone = await client.delete("/api/articles/dragons/favorite", headers=ann)
        assert gone.json()["article"]["favoritesCount"] == 1
        assert gone.json()["article"]["favorited"] is False


async def test_favourites_at_the_same_moment_all_count(
    client: AsyncClient, ann: Headers, enter: Enter
) -> None:
    await publish(client, ann)
    fans = [await enter(number, f"fan{number}") for number in range(10, 16)]
    place = "/api/articles/dragons/favorite"
    await asyncio.gather(*(client.post(place, headers=fan) for fan in fans for _ in range(2)))
    article = (await client.get("/api/articles/dragons")).json()["article"]
    assert article["favoritesCount"] == len(fans)


@pytest.mark.usefixtures("shelf")
async def test_whoever_likes_an_article_sees_it_among_the_popular_ones_at_once(
    client: AsyncClient, ann: Headers, bob: Headers
) -> None:
    assert await list_titles(client, "/api/articles/popular") == ([], 0)
    await client.post("/api/articles/a1/favorite", headers=ann)
    assert await list_titles(client, "/api/articles/popular") == (["A1"], 1)
    await client.post("/api/articles/a2/favorite", headers=ann)
    assert await list_titles(client, "/api/articles/popular") == (["A2", "A1"], 2)
    await client.post("/api/articles/a1/favorite", headers=bob)
    assert await list_titles(client, "/api/articles/popular") == (["A1", "A2"], 2)
    await client.delete("/api/articles/a2/favorite", headers=ann)
    await client.put("/api/articles/a1", json={"article": {"title": "A3"}}, headers=ann)
    response = await client.get("/api/articles/popular", headers=bob)
    [article] = response.json()["articles"]
    assert (article["title"], article["favorited"], article["favoritesCount"]) == ("A3", True, 2)


@pytest.mark.usefixtures("shelf")
async def test_tags_are_listed_with_the_most_used_first(client: AsyncClient) -> None:
    assert (await client.get("/api/tags")).json() == {"tags": ["first", "second"]}
