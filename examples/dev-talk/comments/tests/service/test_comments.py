"""Comments over HTTP, and what comes of articles."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient, Response

from app.core.errors import NotFoundError
from app.domain.contracts.articles import (
    ArticleChanged,
    ArticleDeleted,
    ArticlePublished,
    ArticleRecord,
    LookUpArticle,
)
from app.domain.contracts.comments import CommentChanged, CommentCreated, CommentDeleted
from app.domain.contracts.users import UserChanged, UserFollowed
from app.resources import Resources
from app.utils.container import Container
from tests.kit.clock import Clock
from tests.kit.events import DeliverEvent, ReadEmitted
from tests.kit.requests import StandIn
from tests.service.people_kit import Enter, Headers

PLACE = "/api/articles/dragons/comments"
DRAGONS = ArticlePublished(article_id=5, author_id=9, version=1, slug="dragons", title="Dragons")


@pytest.fixture
async def dragons(deliver: DeliverEvent) -> None:
    """An article."""
    await deliver(DRAGONS)


async def comment(client: AsyncClient, headers: Headers, body: str = "nice") -> dict[str, Any]:
    response = await client.post(PLACE, json={"comment": {"body": body}}, headers=headers)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()["comment"]
    return created


async def change(client: AsyncClient, headers: Headers, number: int, body: str) -> Response:
    sent = {"comment": {"body": body}}
    return await client.put(f"{PLACE}/{number}", json=sent, headers=headers)


async def list_bodies(client: AsyncClient, place: str = PLACE) -> list[str]:
    response = await client.get(place)
    assert response.status_code == 200, response.text
    return [each["body"] for each in response.json()["comments"]]


@pytest.mark.usefixtures("dragons")
async def test_comments_are_listed_newest_first(
    client: AsyncClient, ann: Headers, bob: Headers, clock: Clock
) -> None:
    first = await comment(client, ann, "one")
    clock.advance(1)
    await comment(client, bob, "two")
    await comment(client, ann, "three")
    assert await list_bodies(client) == ["three", "two", "one"]
    [*_, last] = (await client.get(PLACE)).json()["comments"]
    assert last == first
    assert first["author"]["username"] == "ann"
    assert first["createdAt"] == first["updatedAt"]


@pytest.mark.usefixtures("dragons")
async def test_a_comment_is_changed_and_deleted_by_who_made_it(
    client: AsyncClient, ann: Headers, clock: Clock
) -> None:
    created = await comment(client, ann)
    assert await list_bodies(client) == ["nice"]
    clock.advance(1)
    changed = await change(client, ann, created["id"], "nicer")
    assert changed.status_code == 200
    assert changed.json()["comment"]["updatedAt"] > created["updatedAt"]
    assert await list_bodies(client) == ["nicer"]
    deleted = await client.delete(f"{PLACE}/{created['id']}", headers=ann)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert await list_bodies(client) == []


@pytest.mark.usefixtures("dragons")
async def test_a_comment_of_somebody_else_cannot_be_changed(
    client: AsyncClient, ann: Headers, bob: Headers
) -> None:
    number = (await comment(client, ann))["id"]
    changed = await change(client, bob, number, "mine")
    deleted = await client.delete(f"{PLACE}/{number}", headers=bob)
    for refused in (changed, deleted):
        assert refused.status_code == 403
        assert refused.json() == {"errors": {"comment": ["forbidden"]}}
    assert await list_bodies(client) == ["nice"]


@pytest.mark.usefixtures("dragons")
async def test_a_moderator_can_delete_what_others_said(
    client: AsyncClient, ann: Headers, enter: Enter
) -> None:
    number = (await comment(client, ann))["id"]
    moderator = await enter(3, "mod", "moderator")
    assert (await client.delete(f"{PLACE}/{number}", headers=moderator)).status_code == 204


@pytest.mark.usefixtures("dragons")
async def test_a_comment_belongs_to_one_article(
    client: AsyncClient, ann: Headers, deliver: DeliverEvent
) -> None:
    number = (await comment(client, ann))["id"]
    await deliver(DRAGONS.model_copy(update={"article_id": 6, "slug": "other"}))
    elsewhere = await client.delete(f"/api/articles/other/comments/{number}", headers=ann)
    unknown = await client.delete(f"{PLACE}/{number + 1}", headers=ann)
    for missing in (elsewhere, unknown):
        assert missing.status_code == 404
        assert missing.json() == {"errors": {"comment": ["not found"]}}


@pytest.mark.usefixtures("dragons")
async def test_others_are_told_of_new_changed_and_deleted_comments(
    client: AsyncClient, ann: Headers, emitted: ReadEmitted
) -> None:
    number = (await comment(client, ann))["id"]
    await change(client, ann, number, "nicer")
    await client.delete(f"{PLACE}/{number}", headers=ann)
    for kind in (CommentCreated, CommentChanged, CommentDeleted):
        [event] = await emitted(kind)
        assert event.model_dump() == {"comment_id": number, "article_id": 5, "author_id": 1}


@pytest.mark.usefixtures("dragons")
async def test_readers_see_whom_they_follow_and_how_people_are_called_now(
    client: AsyncClient, ann: Headers, bob: Headers, deliver: DeliverEvent
) -> None:
    await comment(client, ann)
    await deliver(UserFollowed(user_id=2, version=2, followed_id=1))
    await deliver(UserChanged(user_id=1, version=2, username="anna", bio="hi", image=None))
    [seen] = (await client.get(PLACE, headers=bob)).json()["comments"]
    assert seen["author"] == {"username": "anna", "bio": "hi", "image": None, "following": True}


@pytest.mark.usefixtures("dragons")
async def test_a_deleted_article_takes_its_comments_along(
    client: AsyncClient, ann: Headers, deliver: DeliverEvent, stand_in: StandIn
) -> None:
    await stand_in(LookUpArticle, know_nothing)
    await comment(client, ann)
    assert await list_bodies(client) == ["nice"]
    await deliver(ArticleDeleted(article_id=5, author_id=9, version=3), times=2)
    # What was said of it earlier comes later.
    await deliver(
        ArticleChanged(article_id=5, author_id=9, version=2, slug="dragons", title="Dragons")
    )
    gone = await client.get(PLACE)
    assert (gone.status_code, gone.json()) == (404, {"errors": {"article": ["not found"]}})


async def know_nothing(_: LookUpArticle) -> ArticleRecord:
    raise NotFoundError("article: not found")


async def test_an_article_that_was_not_told_of_yet_is_asked_for(
    client: AsyncClient, ann: Headers, stand_in: StandIn, deliver: DeliverEvent
) -> None:
    asked = []

    async def answer(request: LookUpArticle) -> ArticleRecord:
        asked.append(request.slug)
        return ArticleRecord(**DRAGONS.model_dump())

    await stand_in(LookUpArticle, answer)
    await comment(client, ann)
    await deliver(DRAGONS)
    await comment(client, ann)
    assert asked == ["dragons"]


async def test_an_article_that_nobody_knows_is_not_found(
    client: AsyncClient, ann: Headers, stand_in: StandIn
) -> None:
    await stand_in(LookUpArticle, know_nothing)
    refused = await client.post(PLACE, json={"comment": {"body": "nice"}}, headers=ann)
    assert (refused.status_code, refused.json()) == (404, {"errors": {"article": ["not found"]}})


async def test_an_unknown_article_has_to_wait_while_its_service_is_away(
    client: AsyncClient,
) -> None:
    refused = await client.get(PLACE)
    assert refused.status_code == 503
    assert refused.json() == {"errors": {"service": ["the service articles does not answer"]}}


@pytest.mark.usefixtures("dragons")
async def test_an_article_that_was_deleted_a_moment_ago_is_not_found(
    client: AsyncClient, opened: Container, stand_in: StandIn
) -> None:
    await stand_in(LookUpArticle, know_nothing)
    await opened[Resources].store.raise_to("version:article:5", 2, ttl=60)
    assert (await client.get(PLACE)).status_code == 404


@pytest.mark.usefixtures("dragons")
async def test_an_article_goes_by_its_new_slug_as_soon_as_it_has_it(
    client: AsyncClient, ann: Headers, opened: Container, deliver: DeliverEvent, stand_in: StandIn
) -> None:
    await comment(client, ann)
    await opened[Resources].store.raise_to("version:article:5", 2, ttl=60)
    await stand_in(LookUpArticle, know_nothing)
    changed = ArticleChanged(article_id=5, author_id=9, version=2, slug="green", title="Green")
    # The event comes while the request waits for it.
    read, _ = await asyncio.gather(client.get(PLACE), deliver(changed))
    assert read.status_code == 404
    assert await list_bodies(client, "/api/articles/green/comments") == ["nice"]
