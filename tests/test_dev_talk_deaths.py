"""A service of Dev Talk is killed at work and comes back: nothing that was answered is lost."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.api import Api, User
from tests.dev_talk_system import SERVICES, DevTalk, run_four
from tests.processes import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.servers]

WRITERS = 3
# Of a writer, before, while and after a service is away.
ARTICLES = 5
# Articles are published and deleted all the same while one of these is away.
GOING_ON_WITHOUT = {"auth", "comments"}


@dataclass
class Writer:
    """Somebody who publishes, comments, likes and deletes, and remembers what was answered."""

    api: Api
    user: User
    published: list[str] = field(default_factory=list)
    comments: dict[str, int] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    """Articles whose deletion was refused, which may have been committed all the same."""
    refused: int = 0

    def work(self, leaving: threading.Event) -> None:
        """Go on until all leave."""
        while not leaving.is_set():
            self.write_article()

    def write_article(self) -> None:
        """Publish, comment and like; delete every third one."""
        article = {"title": "Title", "description": "about", "body": "text", "tagList": ["death"]}
        answer = self.send(201, "POST", "/articles", {"article": article})
        if answer is None:
            return
        slug = answer["article"]["slug"]
        place = f"/articles/{slug}"
        self.published.append(slug)
        said = self.send(201, "POST", f"{place}/comments", {"comment": {"body": "nice"}})
        if said is not None:
            self.comments[slug] = said["comment"]["id"]
        self.send(200, "POST", f"{place}/favorite")
        if len(self.published) % 3 == 0:
            is_sure = self.send(204, "DELETE", place) is not None
            (self.deleted if is_sure else self.doubtful).append(slug)

    def send(self, status: int, method: str, path: str, body: object = None) -> Any:
        """Return what was answered, or None if it was refused while a service was away."""
        try:
            answer = self.api.ask(method, path, body, by=self.user)
        except OSError:
            # The gateway itself is away.
            answer = None
        if answer is not None and answer.status == status:
            return answer.json if answer.body else {}
        assert answer is None or answer.status in {503, 504}, answer
        self.refused += 1
        return None


@pytest.fixture(scope="module")
def four(
    four_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DevTalk, ExitStack]]:
    """The four services at work."""
    with run_four(four_folder, tmp_path_factory.mktemp("deaths")) as running:
        yield running


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_that_was_answered_is_lost(four: tuple[DevTalk, ExitStack], service: str) -> None:
    system, stack = four
    api = Api(system.address)
    writers = [Writer(api, api.register()) for _ in range(WRITERS)]
    leaving = threading.Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        working = [pool.submit(each.work, leaving) for each in writers]
        try:
            wait_for_more(writers)
            system.kill(service)
            if service in GOING_ON_WITHOUT:
                wait_for_more(writers)
            else:
                wait_for(lambda: any(each.refused for each in writers), "a refusal")
            system.begin(stack, service)
            system.wait(service)
            wait_for_more(writers)
        finally:
            leaving.set()
        for each in working:
            each.result()
    wait_for(lambda: works(api), "an article and a comment of somebody new")
    for writer in writers:
        check(api, writer)


def wait_for_more(writers: list[Writer]) -> None:
    """Wait until every writer has published and deleted some more."""
    before = [(len(each.published), len(each.deleted)) for each in writers]
    wait_for(
        lambda: all(
            len(each.published) >= published + ARTICLES and len(each.deleted) > deleted
            for each, (published, deleted) in zip(writers, before, strict=True)
        ),
        "more articles",
    )


def works(api: Api) -> bool:
    """Tell whether all services hear each other."""
    user = api.register()
    sent = {"article": {"title": "Title", "description": "about", "body": "text"}}
    answer = api.ask("POST", "/articles", sent, by=user)
    if answer.status != 201:
        return False
    place = f"/articles/{answer.json['article']['slug']}/comments"
    return api.ask("POST", place, {"comment": {"body": "nice"}}, by=user).status == 201


def check(api: Api, writer: Writer) -> None:
    """Fail unless everything is there that was answered, and everything gone that was deleted."""
    listed = api.insist(200, "GET", "/articles", query={"author": writer.user.username, "limit": 1})
    kept = [each for each in writer.published if each not in writer.deleted + writer.doubtful]
    # Those whose answer did not arrive may be there too.
    more = writer.refused + len(writer.doubtful)
    assert 0 <= listed["articlesCount"] - len(kept) <= more
    for slug in kept:
        place = f"/articles/{slug}"
        assert api.ask("GET", place).status == 200, slug
        if slug in writer.comments:
            found = api.insist(200, "GET", f"{place}/comments")["comments"]
            assert [each["id"] for each in found] == [writer.comments[slug]]
    for slug in writer.deleted:
        assert api.ask("GET", f"/articles/{slug}").status == 404
        wait_for(partial(is_gone, api, f"/articles/{slug}/comments"), "the end of the comments")


def is_gone(api: Api, path: str) -> bool:
    """Tell whether nothing is there."""
    return api.ask("GET", path).status == 404
