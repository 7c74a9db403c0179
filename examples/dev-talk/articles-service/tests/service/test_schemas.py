"""What is refused of what clients send about articles."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.domain.contracts.users import LookUpUser, UserRecord
from tests.kit.requests import StandIn
from tests.service.people_kit import Headers, Sign
from tests.service.test_articles import change, publish

BLANK = ["can't be blank"]
GOOD = {"title": "Dragons", "description": "about", "body": "text"}


@pytest.mark.parametrize("field", ["title", "description", "body"])
@pytest.mark.parametrize("value", ["", "  ", None, ...])
async def test_an_article_says_something_in_each_field(
    client: AsyncClient, ann: Headers, field: str, value: Any
) -> None:
    article = {**GOOD, field: value}
    if value is ...:
        del article[field]
    refused = await client.post("/api/articles", json={"article": article}, headers=ann)
    assert (refused.status_code, refused.json()) == (422, {"errors": {field: BLANK}})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"description": None}, "description"),
        ({"body": " "}, "body"),
        ({"tagList": None}, "tagList"),
        ({"tagList": [" "]}, "tagList"),
    ],
)
async def test_a_change_does_not_empty_what_has_to_be_there(
    client: AsyncClient, ann: Headers, changes: dict[str, Any], field: str
) -> None:
    before = await publish(client, ann, tagList=["a"])
    refused = await change(client, ann, "dragons", **changes)
    assert (refused.status_code, refused.json()) == (422, {"errors": {field: BLANK}})
    assert (await client.get("/api/articles/dragons")).json() == {"article": before}


@pytest.mark.parametrize(
    ("article", "field"),
    [
        ({**GOOD, "title": "x" * 201}, "title"),
        ({**GOOD, "description": "x" * 1001}, "description"),
        ({**GOOD, "body": 7}, "body"),
        ({**GOOD, "body": "a\0b"}, "body"),
        ({**GOOD, "title": "two\nlines"}, "title"),
        ({**GOOD, "title": "a\x1b[31m"}, "title"),
        ({**GOOD, "tagList": ["a\x7f"]}, "tagList"),
        ({**GOOD, "tagList": "a"}, "tagList"),
        ({**GOOD, "tagList": ["x" * 51]}, "tagList"),
        ({**GOOD, "tagList": [str(number) for number in range(21)]}, "tagList"),
        ("text", "article"),
    ],
)
async def test_what_cannot_be_stored_is_refused(
    client: AsyncClient, ann: Headers, article: Any, field: str
) -> None:
    refused = await client.post("/api/articles", json={"article": article}, headers=ann)
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == [field]


async def test_what_clients_send_back_of_an_article_is_ignored(
    client: AsyncClient, ann: Headers
) -> None:
    article = await publish(client, ann)
    sent = {"article": {**article, "slug": "other", "body": "new"}}
    again = await client.put("/api/articles/dragons", json=sent, headers=ann)
    assert (again.status_code, again.json()["article"]["slug"]) == (200, "dragons")


async def test_tags_have_one_name(client: AsyncClient, ann: Headers) -> None:
    article = await publish(client, ann, tags=["a"])
    assert article["tagList"] == []
    changed = await change(client, ann, "dragons", tags=["b"], body="new")
    assert changed.json()["article"]["tagList"] == []
    assert (await client.get("/api/tags")).json() == {"tags": []}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "-1"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"tag": "a\0b"}, "tag"),
    ],
)
async def test_a_page_that_makes_no_sense_is_refused(
    client: AsyncClient, ann: Headers, query: dict[str, str], field: str
) -> None:
    refused = await client.get("/api/articles", params=query, headers=ann)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, [field])


async def test_a_page_of_the_feed_that_makes_no_sense_is_refused(
    client: AsyncClient, ann: Headers
) -> None:
    refused = await client.get("/api/articles/feed", params={"limit": "-1"}, headers=ann)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["limit"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/articles"),
        ("GET", "/api/articles/feed"),
        ("PUT", "/api/articles/unknown"),
        ("DELETE", "/api/articles/unknown"),
        ("POST", "/api/articles/unknown/favorite"),
        ("DELETE", "/api/articles/unknown/favorite"),
    ],
)
async def test_without_a_token_nothing_else_is_looked_at(
    client: AsyncClient, method: str, path: str
) -> None:
    content = b"{no json" if method in {"POST", "PUT"} else None
    refused = await client.request(method, path, content=content)
    assert (refused.status_code, refused.json()) == (401, {"errors": {"token": ["is missing"]}})


@pytest.mark.usefixtures("sign")
@pytest.mark.parametrize("header", ["Token", "Token nonsense", "Basic YTpi", "Bearer a.b.c"])
async def test_a_malformed_token_is_refused_everywhere(client: AsyncClient, header: str) -> None:
    for path in (
        "/api/articles",
        "/api/articles/feed",
        "/api/articles/popular",
        "/api/articles/unknown",
    ):
        refused = await client.get(path, headers={"authorization": header})
        assert (refused.status_code, refused.json()) == (401, {"errors": {"token": ["is invalid"]}})


async def test_somebody_of_whom_nothing_was_told_yet_can_publish(
    client: AsyncClient, sign: Sign, stand_in: StandIn
) -> None:
    async def answer(request: LookUpUser) -> UserRecord:
        assert request.user_id == 7
        return UserRecord(user_id=7, version=1, username="eve", bio="new", image=None, following=[])

    await stand_in(LookUpUser, answer)
    article = await publish(client, await sign(7))
    assert (article["author"]["username"], article["author"]["bio"]) == ("eve", "new")


async def test_somebody_unknown_has_to_wait_while_auth_is_away(
    client: AsyncClient, sign: Sign
) -> None:
    headers = await sign(7)
    refused = await client.post("/api/articles", json={"article": GOOD}, headers=headers)
    assert refused.status_code == 503
    assert refused.json() == {"errors": {"service": ["the service auth does not answer"]}}
    read = await client.get("/api/articles", headers=headers)
    assert read.json() == {"articles": [], "articlesCount": 0}
