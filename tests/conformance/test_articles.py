"""Articles: publishing, reading, changing, deleting, and favourites."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.conformance.api import Api, User, make_name, wait_for

BLANK = ["can't be blank"]
NOT_FOUND = (404, {"article": ["not found"]})
FORBIDDEN = (403, {"article": ["forbidden"]})
TEXTS = {"title": "Dragons", "description": "about", "body": "text"}


def test_a_published_article_can_be_read_by_everybody(api: Api, ann: User, bob: User) -> None:
    article = api.publish(ann, tagList=["dragons", "training"])
    assert article["tagList"] == ["dragons", "training"]
    assert (article["favorited"], article["favoritesCount"]) == (False, 0)
    assert article["author"]["username"] == ann.username
    for reader in (None, ann, bob):
        read = api.insist(200, "GET", f"/articles/{article['slug']}", by=reader)
        assert read["article"] == article


def test_moments_are_in_utc_with_milliseconds(api: Api, ann: User) -> None:
    article = api.publish(ann)
    for name in ("createdAt", "updatedAt"):
        assert len(article[name]) == len("2026-01-31T12:00:00.000Z")
        assert article[name].endswith("Z")


@pytest.mark.parametrize("title", ["Same title", "Тот же заголовок", "feed", "!?"])
def test_articles_with_one_title_have_slugs_of_their_own(api: Api, ann: User, title: str) -> None:
    slugs = [api.publish(ann, title)["slug"] for _ in range(2)]
    assert slugs[0] != slugs[1]
    for slug in slugs:
        read = api.insist(200, "GET", f"/articles/{quote(slug)}")
        assert read["article"]["slug"] == slug


@pytest.mark.parametrize("field", ["title", "description", "body"])
@pytest.mark.parametrize("value", ["", " ", None, ...])
def test_an_article_says_something_in_each_field(
    api: Api, ann: User, field: str, value: Any
) -> None:
    article = {**TEXTS, field: value}
    if value is ...:
        del article[field]
    answer = api.ask("POST", "/articles", {"article": article}, by=ann)
    assert answer.refusal == (422, {field: BLANK})


def test_what_is_left_out_of_a_change_stays(api: Api, ann: User) -> None:
    article = api.publish(ann, tagList=["a"])
    place = f"/articles/{article['slug']}"
    changed = api.insist(200, "PUT", place, {"article": {"body": "new"}}, by=ann)["article"]
    assert changed == {**article, "body": "new", "updatedAt": changed["updatedAt"]}
    assert api.insist(200, "GET", place)["article"] == changed


def test_tags_are_kept_cleared_and_never_null(api: Api, ann: User) -> None:
    place = f"/articles/{api.publish(ann, tagList=['a', 'b'])['slug']}"
    refused = api.ask("PUT", place, {"article": {"tagList": None}}, by=ann)
    assert refused.refusal == (422, {"tagList": BLANK})
    kept = api.insist(200, "PUT", place, {"article": {"description": "new"}}, by=ann)
    assert kept["article"]["tagList"] == ["a", "b"]
    cleared = api.insist(200, "PUT", place, {"article": {"tagList": []}}, by=ann)
    assert cleared["article"]["tagList"] == []


def test_a_new_title_makes_a_new_slug(api: Api, ann: User) -> None:
    before = api.publish(ann)["slug"]
    change = {"article": {"title": make_name("New")}}
    after = api.insist(200, "PUT", f"/articles/{before}", change, by=ann)["article"]["slug"]
    assert after != before
    assert api.ask("GET", f"/articles/{before}").refusal == NOT_FOUND
    api.insist(200, "GET", f"/articles/{after}")


def test_the_article_of_another_user_cannot_be_changed(api: Api, ann: User, bob: User) -> None:
    place = f"/articles/{api.publish(ann)['slug']}"
    assert api.ask("PUT", place, {"article": {"body": "mine"}}, by=bob).refusal == FORBIDDEN
    assert api.ask("DELETE", place, by=bob).refusal == FORBIDDEN
    assert api.insist(200, "GET", place)["article"]["body"] == "text"


def test_a_deleted_article_is_gone(api: Api, ann: User) -> None:
    tag = make_name("tag")
    place = f"/articles/{api.publish(ann, tagList=[tag])['slug']}"
    assert tag in api.insist(200, "GET", "/tags")["tags"]
    api.insist(204, "DELETE", place, by=ann)
    assert api.ask("GET", place).refusal == NOT_FOUND
    assert api.ask("DELETE", place, by=ann).refusal == NOT_FOUND
    assert tag not in api.insist(200, "GET", "/tags")["tags"]


def test_a_favourite_twice_is_a_favourite_once(api: Api, ann: User, bob: User) -> None:
    place = f"/articles/{api.publish(ann)['slug']}"
    steps = [("POST", ann, 1), ("POST", ann, 1), ("POST", bob, 2), ("DELETE", ann, 1)]
    for method, user, count in [*steps, ("DELETE", ann, 1)]:
        article = api.insist(200, method, f"{place}/favorite", by=user)["article"]
        assert (article["favorited"], article["favoritesCount"]) == (method == "POST", count)
    seen = api.insist(200, "GET", place)["article"]
    assert (seen["favorited"], seen["favoritesCount"]) == (False, 1)


def test_whoever_likes_an_article_finds_it_among_the_popular_ones_at_once(
    api: Api, ann: User, bob: User
) -> None:
    article = api.publish(ann)
    for user in (ann, bob):
        api.insist(200, "POST", f"/articles/{article['slug']}/favorite", by=user)
    popular = api.insist(200, "GET", "/articles/popular", by=bob)["articles"]
    [found] = [each for each in popular if each["slug"] == article["slug"]]
    assert (found["favorited"], found["favoritesCount"]) == (True, 2)
    counts = [each["favoritesCount"] for each in popular]
    assert counts == sorted(counts, reverse=True)
    api.insist(204, "DELETE", f"/articles/{article['slug']}", by=ann)
    popular = api.insist(200, "GET", "/articles/popular", by=ann)["articles"]
    assert article["slug"] not in [each["slug"] for each in popular]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/articles/unknown"),
        ("PUT", "/articles/unknown"),
        ("DELETE", "/articles/unknown"),
        ("POST", "/articles/unknown/favorite"),
        ("DELETE", "/articles/unknown/favorite"),
        ("GET", "/articles/unknown/comments"),
        ("POST", "/articles/unknown/comments"),
        ("PUT", "/articles/unknown/comments/1"),
        ("DELETE", "/articles/unknown/comments/1"),
    ],
)
def test_an_unknown_article_is_not_found(api: Api, ann: User, method: str, path: str) -> None:
    body = None
    if method in {"PUT", "POST"} and not path.endswith("favorite"):
        body = {"article": {"body": "new"}, "comment": {"body": "new"}}
    assert api.ask(method, path, body, by=ann).refusal == NOT_FOUND


def test_a_new_name_of_the_author_reaches_everybody(api: Api, eve: User) -> None:
    place = f"/articles/{api.publish(eve)['slug']}"
    name = make_name("renamed")
    api.insist(200, "PUT", "/user", {"user": {"username": name}}, by=eve)
    wait_for(
        lambda: api.insist(200, "GET", place)["article"]["author"]["username"] == name,
        "the new name of the author",
    )
