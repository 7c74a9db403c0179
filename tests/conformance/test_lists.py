"""Lists of articles, the feed and the tags."""

from typing import Any

import pytest

from tests.conformance.api import Api, User, make_name, wait_for


def list_titles(
    api: Api, path: str = "/articles", by: User | None = None, **query: Any
) -> tuple[list[str], int]:
    """Return the titles of a list, whose articles have no body, and how many there are."""
    found = api.insist(200, "GET", path, by=by, query=query)
    assert not any("body" in article for article in found["articles"])
    return [article["title"] for article in found["articles"]], found["articlesCount"]


def test_all_articles_are_listed_newest_first(api: Api, ann: User) -> None:
    titles = [api.publish(ann)["title"] for _ in range(3)]
    listed, count = list_titles(api, limit=100)
    assert [each for each in listed if each in titles] == titles[::-1]
    moments = [
        each["createdAt"]
        for each in api.insist(200, "GET", "/articles", query={"limit": 100})["articles"]
    ]
    assert moments == sorted(moments, reverse=True)
    assert count >= len(listed) >= 3


def test_lists_are_filtered_by_tag_and_come_in_pages(api: Api, ann: User, bob: User) -> None:
    tag = make_name("tag")
    titles = [api.publish(each, tagList=["x", tag])["title"] for each in (ann, bob, ann)]
    api.publish(ann, tagList=["x"])
    assert list_titles(api, tag=tag) == (titles[::-1], 3)
    assert list_titles(api, tag=tag, limit=2) == ([titles[2], titles[1]], 3)
    assert list_titles(api, tag=tag, limit=2, offset=2) == ([titles[0]], 3)
    assert list_titles(api, tag=tag, offset=3) == ([], 3)
    assert list_titles(api, tag=tag, author=ann.username) == ([titles[2], titles[0]], 2)


def test_lists_are_filtered_by_author(api: Api, eve: User) -> None:
    titles = [api.publish(eve)["title"] for _ in range(2)]
    assert list_titles(api, author=eve.username, by=eve) == (titles[::-1], 2)


def test_lists_are_filtered_by_who_likes_them(api: Api, ann: User, eve: User) -> None:
    articles = [api.publish(ann) for _ in range(2)]
    for article in articles:
        api.insist(200, "POST", f"/articles/{article['slug']}/favorite", by=eve)
    assert list_titles(api, favorited=eve.username, by=eve) == (
        [articles[1]["title"], articles[0]["title"]],
        2,
    )
    api.insist(200, "DELETE", f"/articles/{articles[0]['slug']}/favorite", by=eve)
    assert list_titles(api, favorited=eve.username, by=eve) == ([articles[1]["title"]], 1)


@pytest.mark.parametrize("name", ["tag", "author", "favorited"])
def test_what_nobody_knows_has_no_articles(api: Api, name: str) -> None:
    found = api.insist(200, "GET", "/articles", query={name: "nothing-by-that-name"})
    assert found == {"articles": [], "articlesCount": 0}


def test_the_feed_holds_what_those_wrote_whom_one_follows(api: Api, eve: User) -> None:
    writer, other = api.register(), api.register()
    assert list_titles(api, "/articles/feed", by=eve) == ([], 0)
    titles = [api.publish(writer)["title"] for _ in range(2)]
    api.publish(other)
    api.insist(200, "POST", f"/profiles/{writer.username}/follow", by=eve)
    assert list_titles(api, "/articles/feed", by=eve) == (titles[::-1], 2)
    assert list_titles(api, "/articles/feed", by=eve, limit=1, offset=1) == ([titles[0]], 2)
    api.insist(200, "DELETE", f"/profiles/{writer.username}/follow", by=eve)
    assert list_titles(api, "/articles/feed", by=eve) == ([], 0)


def test_what_others_publish_reaches_the_feed(api: Api, ann: User, eve: User) -> None:
    api.insist(200, "POST", f"/profiles/{ann.username}/follow", by=eve)
    title = api.publish(ann)["title"]
    wait_for(lambda: title in list_titles(api, "/articles/feed", by=eve)[0], "the article")


def test_tags_in_use_are_listed(api: Api, ann: User) -> None:
    tag = make_name("tag")
    api.publish(ann, tagList=[tag])
    assert tag in api.insist(200, "GET", "/tags")["tags"]


@pytest.mark.parametrize("path", ["/articles", "/articles/feed"])
@pytest.mark.parametrize(
    ("name", "value"), [("limit", -1), ("limit", 0), ("limit", "x"), ("offset", -1)]
)
def test_a_page_that_makes_no_sense_is_refused(
    api: Api, ann: User, path: str, name: str, value: object
) -> None:
    answer = api.ask("GET", path, by=ann, query={name: value})
    assert (answer.status, list(answer.errors)) == (422, [name])
