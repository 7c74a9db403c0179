"""Comments on articles."""

from typing import Any

import pytest

from tests.conformance.api import Api, User, wait_for

BLANK = ["can't be blank"]
NOT_FOUND = (404, {"comment": ["not found"]})
FORBIDDEN = (403, {"comment": ["forbidden"]})


@pytest.fixture(scope="module")
def place(api: Api, ann: User) -> str:
    """The comments of an article."""
    return f"/articles/{api.publish(ann)['slug']}/comments"


def list_bodies(api: Api, place: str, by: User | None = None) -> list[str]:
    """Return what the comments of an article say."""
    return [each["body"] for each in api.insist(200, "GET", place, by=by)["comments"]]


def test_comments_are_listed_newest_first(api: Api, ann: User, bob: User) -> None:
    article = api.publish(ann)
    first = api.comment(bob, article["slug"], "one")
    api.comment(ann, article["slug"], "two")
    comments = api.insist(200, "GET", f"/articles/{article['slug']}/comments")["comments"]
    assert [each["body"] for each in comments] == ["two", "one"]
    assert comments[1] == first
    assert first["author"]["username"] == bob.username


def test_a_comment_is_changed_and_deleted_by_who_made_it(api: Api, ann: User, bob: User) -> None:
    slug = api.publish(ann)["slug"]
    place = f"/articles/{slug}/comments"
    comment = api.comment(bob, slug)
    sent = {"comment": {"body": "nicer"}}
    changed = api.insist(200, "PUT", f"{place}/{comment['id']}", sent, by=bob)["comment"]
    assert changed == {**comment, "body": "nicer", "updatedAt": changed["updatedAt"]}
    assert list_bodies(api, place) == ["nicer"]
    api.insist(204, "DELETE", f"{place}/{comment['id']}", by=bob)
    assert list_bodies(api, place) == []


def test_the_comment_of_another_user_cannot_be_changed(
    api: Api, ann: User, bob: User, place: str
) -> None:
    number = api.comment(ann, place.split("/")[2])["id"]
    sent = {"comment": {"body": "mine"}}
    assert api.ask("PUT", f"{place}/{number}", sent, by=bob).refusal == FORBIDDEN
    assert api.ask("DELETE", f"{place}/{number}", by=bob).refusal == FORBIDDEN


def test_an_unknown_comment_is_not_found(api: Api, ann: User, place: str) -> None:
    number = 2**40
    sent = {"comment": {"body": "nice"}}
    assert api.ask("PUT", f"{place}/{number}", sent, by=ann).refusal == NOT_FOUND
    assert api.ask("DELETE", f"{place}/{number}", by=ann).refusal == NOT_FOUND


@pytest.mark.parametrize("body", ["", " ", None, ...])
def test_a_comment_says_something(api: Api, ann: User, place: str, body: Any) -> None:
    sent = {"comment": {} if body is ... else {"body": body}}
    assert api.ask("POST", place, sent, by=ann).refusal == (422, {"body": BLANK})


@pytest.mark.parametrize("number", ["x", "0", str(2**70)])
def test_an_id_that_is_none_is_refused(api: Api, ann: User, place: str, number: str) -> None:
    answer = api.ask("DELETE", f"{place}/{number}", by=ann)
    assert (answer.status, list(answer.errors)) == (422, ["id"])


def test_a_deleted_article_takes_its_comments_along(api: Api, ann: User, bob: User) -> None:
    slug = api.publish(ann)["slug"]
    place = f"/articles/{slug}/comments"
    api.comment(bob, slug)
    api.insist(204, "DELETE", f"/articles/{slug}", by=ann)
    wait_for(lambda: api.ask("GET", place).status == 404, "the end of the comments")
    answer = api.ask("POST", place, {"comment": {"body": "late"}}, by=bob)
    assert answer.refusal == (404, {"article": ["not found"]})
