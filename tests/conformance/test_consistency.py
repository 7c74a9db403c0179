"""Everybody sees their own changes at once, in every service and in two browsers."""

import pytest

from tests.conformance.api import Api, User, make_name

TIMES = range(5)


@pytest.mark.parametrize("time", TIMES)
def test_register_then_publish(api: Api, time: int) -> None:
    user = api.register(make_name(f"new{time}"))
    assert api.publish(user)["author"]["username"] == user.username


@pytest.mark.parametrize("time", TIMES)
def test_register_then_comment(api: Api, ann: User, time: int) -> None:
    slug = api.publish(ann)["slug"]
    user = api.register(make_name(f"new{time}"))
    assert api.comment(user, slug)["author"]["username"] == user.username


def test_follow_then_feed_and_the_author_of_an_article(api: Api, ann: User, eve: User) -> None:
    article = api.publish(ann)
    place = f"/articles/{article['slug']}"
    api.comment(ann, article["slug"])
    for method, following in (("POST", True), ("DELETE", False), ("POST", True)):
        api.insist(200, method, f"/profiles/{ann.username}/follow", by=eve)
        feed = api.insist(200, "GET", "/articles/feed", by=api.log_in(eve))
        assert (article["slug"] in [each["slug"] for each in feed["articles"]]) is following
        read = api.insist(200, "GET", place, by=eve)["article"]
        assert read["author"]["following"] is following
        [comment] = api.insist(200, "GET", f"{place}/comments", by=eve)["comments"]
        assert comment["author"]["following"] is following


def test_rename_then_author(api: Api, eve: User) -> None:
    article = api.publish(eve)
    place = f"/articles/{article['slug']}"
    api.comment(eve, article["slug"])
    other_browser = api.log_in(eve)
    for _ in TIMES:
        name = make_name("renamed")
        api.insist(200, "PUT", "/user", {"user": {"username": name}}, by=eve)
        for browser in (eve, other_browser):
            read = api.insist(200, "GET", place, by=browser)["article"]
            assert read["author"]["username"] == name
            [comment] = api.insist(200, "GET", f"{place}/comments", by=browser)["comments"]
            assert comment["author"]["username"] == name
            found = api.insist(200, "GET", "/articles", by=browser, query={"author": name})
            assert found["articlesCount"] == 1


@pytest.mark.parametrize("time", TIMES)
def test_publish_then_comment_then_read(api: Api, ann: User, time: int) -> None:
    slug = api.publish(ann)["slug"]
    body = f"comment {time}"
    api.comment(ann, slug, body)
    comments = api.insist(200, "GET", f"/articles/{slug}/comments", by=ann)["comments"]
    assert [each["body"] for each in comments] == [body]


@pytest.mark.parametrize("time", TIMES)
def test_another_title_then_its_comments(api: Api, ann: User, time: int) -> None:
    before = api.publish(ann)["slug"]
    api.comment(ann, before)
    change = {"article": {"title": make_name(f"New{time}")}}
    after = api.insist(200, "PUT", f"/articles/{before}", change, by=ann)["article"]["slug"]
    assert api.ask("GET", f"/articles/{before}/comments", by=ann).status == 404
    comments = api.insist(200, "GET", f"/articles/{after}/comments", by=ann)["comments"]
    assert len(comments) == 1


@pytest.mark.parametrize("time", TIMES)
def test_delete_then_comments(api: Api, ann: User, time: int) -> None:
    slug = api.publish(ann, make_name(f"Gone{time}"))["slug"]
    api.comment(ann, slug)
    api.insist(204, "DELETE", f"/articles/{slug}", by=ann)
    assert api.ask("GET", f"/articles/{slug}/comments", by=ann).status == 404
