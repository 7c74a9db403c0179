"""Articles over HTTP, and what comes of them."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from app.core.errors import NotFoundError
from app.domain.contracts.articles import (
    ArticleChanged,
    ArticleDeleted,
    ArticlePublished,
    LookUpArticle,
)
from app.resources import Resources
from app.utils.container import Container
from tests.kit.clock import Clock
from tests.kit.events import ReadEmitted
from tests.kit.requests import Ask
from tests.service.people_kit import Enter, Headers


async def publish(
    client: AsyncClient, headers: Headers, title: str = "Dragons", **more: Any
) -> dict[str, Any]:
    body = {"title": title, "description": "about", "body": "text", **more}
    response = await client.post("/api/articles", json={"article": body}, headers=headers)
    assert response.status_code == 201, response.text
    article: dict[str, Any] = response.json()["article"]
    return article


async def change(client: AsyncClient, headers: Headers, slug: str, **changes: Any) -> Response:
    return await client.put(f"/api/articles/{slug}", json={"article": changes}, headers=headers)


async def test_a_published_article_can_be_read(client: AsyncClient, ann: Headers) -> None:
    published = await publish(client, ann, "How to train your dragon", tagList=["b", "a", "b"])
    assert published["slug"] == "how-to-train-your-dragon"
    assert published["tagList"] == ["b", "a"]
    assert published["author"] == {
        "username": "ann",
        "bio": None,
        "image": None,
        "following": False,
    }
    read = await client.get("/api/articles/how-to-train-your-dragon")
    assert read.json() == {"article": published}


@pytest.mark.parametrize("slug", ["dragons%20", "Dragons", "dr%C3%A1gons", "dragons%E2%80%8B"])
async def test_a_slug_is_exact(client: AsyncClient, ann: Headers, slug: str) -> None:
    await publish(client, ann, "Dragons")
    assert (await client.get(f"/api/articles/{slug}")).status_code == 404


async def test_tags_are_exact(client: AsyncClient, ann: Headers) -> None:
    tags = ["cafe", "Cafe", "caf\u00e9", "cafe\u0301", "caf\u00e9\u200b"]
    for number, tag in enumerate(tags):
        await publish(client, ann, f"Number {number}", tagList=[tag])
    for number, tag in enumerate(tags):
        found = await client.get("/api/articles", params={"tag": tag})
        assert [each["title"] for each in found.json()["articles"]] == [f"Number {number}"]
    assert sorted((await client.get("/api/tags")).json()["tags"]) == sorted(tags)


async def test_moments_are_in_utc_with_milliseconds(client: AsyncClient, ann: Headers) -> None:
    article = await publish(client, ann)
    assert article["createdAt"] == article["updatedAt"]
    assert article["createdAt"].endswith("Z")
    assert len(article["createdAt"]) == len("2026-01-31T12:00:00.000Z")


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Ёлки и палки!", "ёлки-и-палки"), ("  C++ & Rust  ", "c-rust"), ("x" * 200, "x" * 111)],
)
async def test_a_slug_is_made_of_the_words_of_the_title(
    client: AsyncClient, ann: Headers, title: str, slug: str
) -> None:
    assert (await publish(client, ann, title))["slug"] == slug


@pytest.mark.parametrize("title", ["Dragons", "Feed", "Popular", "!?"])
async def test_articles_with_one_title_have_slugs_of_their_own(
    client: AsyncClient, ann: Headers, title: str
) -> None:
    slugs = {(await publish(client, ann, title))["slug"] for _ in range(3)}
    assert len(slugs) == 3
    for slug in slugs:
        assert (await client.get(f"/api/articles/{slug}")).json()["article"]["slug"] == slug


async def test_a_new_title_makes_a_new_slug(client: AsyncClient, ann: Headers) -> None:
    await publish(client, ann)
    changed = await change(client, ann, "dragons", title="Green dragons")
    assert changed.json()["article"]["slug"] == "green-dragons"
    assert (await client.get("/api/articles/dragons")).status_code == 404


async def test_a_title_of_the_same_words_keeps_the_slug(client: AsyncClient, ann: Headers) -> None:
    await publish(client, ann)
    second = await publish(client, ann)
    changed = await change(client, ann, second["slug"], title="Dragons!")
    assert changed.json()["article"]["slug"] == second["slug"]


@pytest.mark.parametrize(
    ("before", "title", "slug"),
    [
        ("Train 0badcafe", "Train", "train"),
        ("Train dragons1", "Train", "train"),
        ("0badcafe", "Train", "train"),
        ("A b 12345678", "A b", "a-b"),
    ],
)
async def test_a_new_title_makes_a_new_slug_whatever_the_old_one_looked_like(
    client: AsyncClient, ann: Headers, before: str, title: str, slug: str
) -> None:
    article = await publish(client, ann, before)
    changed = await change(client, ann, article["slug"], title=title)
    assert changed.json()["article"]["slug"] == slug


async def test_a_title_without_words_makes_a_slug_of_its_own(
    client: AsyncClient, ann: Headers
) -> None:
    await publish(client, ann, "0badcafe")
    changed = await change(client, ann, "0badcafe", title="!?")
    assert changed.json()["article"]["slug"] != "0badcafe"
    again = await change(client, ann, changed.json()["article"]["slug"], title="?!")
    assert again.json()["article"]["slug"] == changed.json()["article"]["slug"]


async def test_what_is_left_out_of_a_change_stays(
    client: AsyncClient, ann: Headers, clock: Clock
) -> None:
    before = await publish(client, ann, tagList=["a"])
    clock.advance(1)
    changed = (await change(client, ann, "dragons", body="new")).json()["article"]
    assert changed["updatedAt"] > before["updatedAt"]
    assert changed == {**before, "body": "new", "updatedAt": changed["updatedAt"]}


async def test_tags_are_kept_cleared_or_replaced(client: AsyncClient, ann: Headers) -> None:
    await publish(client, ann, tagList=["a", "b"])
    replaced = await change(client, ann, "dragons", tagList=["b", "c"])
    assert replaced.json()["article"]["tagList"] == ["b", "c"]
    assert set((await client.get("/api/tags")).json()["tags"]) == {"b", "c"}
    cleared = await change(client, ann, "dragons", tagList=[])
    assert cleared.json()["article"]["tagList"] == []
    assert (await client.get("/api/tags")).json() == {"tags": []}


async def test_an_article_of_somebody_else_cannot_be_changed(
    client: AsyncClient, ann: Headers, bob: Headers
) -> None:
    await publish(client, ann)
    changed = await change(client, bob, "dragons", body="mine")
    deleted = await client.delete("/api/articles/dragons", headers=bob)
    for refused in (changed, deleted):
        assert (refused.status_code, refused.json()) == (
            403,
            {"errors": {"article": ["forbidden"]}},
        )


async def test_a_moderator_can_delete_what_others_wrote(
    client: AsyncClient, ann: Headers, enter: Enter
) -> None:
    await publish(client, ann)
    moderator = await enter(3, "mod", "moderator")
    assert (await client.delete("/api/articles/dragons", headers=moderator)).status_code == 204


async def test_a_deleted_article_is_gone_from_everywhere(
    client: AsyncClient, ann: Headers, bob: Headers
) -> None:
    await publish(client, ann, tagList=["a"])
    await client.post("/api/articles/dragons/favorite", headers=bob)
    deleted = await client.delete("/api/articles/dragons", headers=ann)
    assert (deleted.status_code, deleted.content) == (204, b"")
    gone = await client.get("/api/articles/dragons")
    assert (gone.status_code, gone.json()) == (404, {"errors": {"article": ["not found"]}})
    nothing = {"articles": [], "articlesCount": 0}
    for query in ({}, {"tag": "a"}, {"author": "ann"}, {"favorited": "bob"}):
        assert (await client.get("/api/articles", params=query)).json() == nothing
    assert (await client.get("/api/articles/popular")).json() == nothing
    assert (await client.get("/api/tags")).json() == {"tags": []}


async def test_others_are_told_of_new_changed_and_deleted_articles(
    client: AsyncClient, ann: Headers, emitted: ReadEmitted, opened: Container
) -> None:
    await publish(client, ann)
    await change(client, ann, "dragons", title="Green dragons")
    await client.delete("/api/articles/green-dragons", headers=ann)
    [published] = await emitted(ArticlePublished)
    [changed] = await emitted(ArticleChanged)
    [deleted] = await emitted(ArticleDeleted)
    assert (published.slug, published.version, published.author_id) == ("dragons", 1, 1)
    assert (changed.slug, changed.version) == ("green-dragons", 2)
    assert deleted.version == 3
    assert published.article_id == changed.article_id == deleted.article_id
    noted = await opened[Resources].store.read(f"version:article:{deleted.article_id}")
    assert noted == ["3"]


async def test_a_change_of_nothing_is_told_to_nobody(
    client: AsyncClient, ann: Headers, emitted: ReadEmitted
) -> None:
    article = await publish(client, ann)
    assert (await change(client, ann, "dragons")).json()["article"] == article
    assert await emitted(ArticleChanged) == []


async def test_other_services_can_ask_for_an_article(
    client: AsyncClient, ann: Headers, ask: Ask
) -> None:
    await publish(client, ann)
    by_slug = await ask(LookUpArticle(slug="dragons"))
    assert (by_slug.slug, by_slug.title, by_slug.author_id) == ("dragons", "Dragons", 1)
    assert await ask(LookUpArticle(article_id=by_slug.article_id)) == by_slug
    with pytest.raises(NotFoundError, match="article: not found"):
        await ask(LookUpArticle(slug="unknown"))
