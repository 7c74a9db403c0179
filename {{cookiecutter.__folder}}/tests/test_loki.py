"""Loki gets every line in batches: once, in order and with few labels."""

import json
import logging
import os
import time
from collections.abc import Iterator
from threading import Thread

import pytest

from app.core import loki, loki_batches
from tests.loki_kit import LokiServer, Reply, log, make_handler, make_record, serving_loki


@pytest.fixture
def server() -> Iterator[LokiServer]:
    with serving_loki() as server:
        yield server


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loki_batches, "BATCH_SECONDS", 0.01)
    monkeypatch.setattr(loki_batches, "DELAYS", (0.0, 0.01))


def test_every_line_arrives_in_order_before_the_handler_closes(
    server: LokiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loki_batches, "BATCH_SECONDS", 60.0)
    handler = make_handler(server.url)
    messages = log(handler, 1200)
    handler.close()
    assert server.messages == messages
    assert len(server.pushes) == 1
    assert not handler.lost.counts


def test_a_line_arrives_without_the_handler_being_closed(server: LokiServer) -> None:
    handler = make_handler(f"{server.url}/")
    log(handler)
    server.wait_for_lines(1)
    log(handler)
    server.wait_for_lines(2)
    handler.close()


def test_a_line_has_few_labels_and_the_time_when_it_was_logged(server: LokiServer) -> None:
    handler = make_handler(server.url)
    created = time.time() - 60
    handler.handle(make_record("late", created=created, levelname="ERROR", tags={"user": "7"}))
    handler.close()
    (line,) = server.received.values()
    assert line.labels == {"service": "shop", "environment": "test", "level": "error"}
    assert line.time == int(created * 1e9)


def test_what_the_sending_itself_logs_is_not_sent(
    server: LokiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handler = make_handler(server.url)
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    server.replies = [Reply(500)]
    logging.getLogger("app.test").debug("first")
    server.wait_for_lines(1)
    # The same library at work for the service.
    logging.getLogger("urllib3.connectionpool").debug("second")
    server.wait_for_lines(2)
    handler.close()
    assert server.messages == ["first", "second"]
    assert len(server.pushes) == 3


def test_a_slow_loki_costs_what_the_queue_does_not_hold(
    server: LokiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loki_batches, "QUEUE_LINES", 50)
    server.reply = Reply(seconds=0.1)
    handler = make_handler(server.url)
    log(handler, 200)
    handler.close()
    assert handler.lost.counts["full"] > 0
    assert len(server.texts) + handler.lost.counts["full"] == 200


def test_the_queue_holds_so_much_text_and_no_more(
    server: LokiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loki_batches, "QUEUE_CHARACTERS", 100_000)
    server.reply = Reply(hangs=True)
    handler = make_handler(server.url)
    log(handler)
    server.wait_for_pushes(1)
    for _ in range(3):
        handler.handle(make_record("x" * 60_000))
    assert handler.lost.counts == {"full": 1}
    server.released.set()
    server.reply = Reply()
    handler.close()


@pytest.mark.parametrize("character", ["x", '"', "ü", "\x00", "🙂"])
def test_a_line_that_is_too_long_arrives_cut(server: LokiServer, character: str) -> None:
    handler = make_handler(server.url)
    handler.handle(make_record(character * 300_000))
    handler.close()
    (text,) = server.texts
    line = json.loads(text)
    assert line["message"].startswith("cut from ")
    assert line["beginning"].startswith('{"time":')


def test_what_cannot_be_formatted_is_counted(server: LokiServer) -> None:
    handler = make_handler(server.url)
    handler.handle(make_record("%d", args=("no number",)))
    handler.close()
    assert handler.lost.counts == {"unformatted": 1}


def test_a_child_has_a_queue_of_its_own_and_no_line_is_doubled(server: LokiServer) -> None:
    server.replies = [Reply(seconds=0.3)]
    handler = make_handler(server.url)
    handler.lost.count("full")
    log(handler, 3)
    server.wait_for_pushes(1)
    handler.handle(make_record("queued"))
    child = os.fork()
    if child == 0:
        handler.handle(make_record("from the child"))
        handler.close()
        os._exit(handler.lost.counts.total())
    assert os.waitpid(child, 0)[1] == 0
    handler.close()
    assert sorted(server.messages) == ["from the child", "line 0", "line 1", "line 2", "queued"]
    assert handler.lost.counts == {"full": 1}


def test_nothing_is_sent_while_a_process_forks(server: LokiServer) -> None:
    handler = make_handler(server.url)
    log(handler)
    server.wait_for_lines(1)
    handler.pause()
    handler.handle(make_record("later"))
    time.sleep(10 * loki_batches.BATCH_SECONDS)
    assert len(server.pushes) == 1
    handler.resume()
    server.wait_for_lines(2)
    handler.close()


def test_a_fork_waits_no_longer_for_a_loki_that_hangs(
    server: LokiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loki, "FORK_SECONDS", 0.01)
    server.replies = [Reply(hangs=True)]
    handler = make_handler(server.url)
    log(handler)
    server.wait_for_pushes(1)
    handler.pause()
    handler.resume()
    server.released.set()
    server.wait_for_lines(1)
    handler.close()
    assert server.messages == ["line 0"]


def test_threads_lose_nothing(server: LokiServer) -> None:
    handler = make_handler(server.url)
    threads = [Thread(target=log, args=(handler, 500)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.close()
    assert len(server.texts) == 2000


def test_the_password_of_the_url_is_sent_as_one(server: LokiServer) -> None:
    handler = make_handler(server.url.replace("://", "://shop:secret@"))
    log(handler, 1)
    handler.close()
    assert server.messages == ["line 0"]
    assert server.authorizations == ["Basic c2hvcDpzZWNyZXQ="]
