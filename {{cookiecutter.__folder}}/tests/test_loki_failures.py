"""A Loki that does not take lines costs those lines, which are counted, and nothing else."""

import logging
import socket
from collections.abc import Iterator

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
    monkeypatch.setattr(loki_batches, "DELAYS", (0.0, 0.01, 0.01))


@pytest.mark.parametrize(
    "passing", [Reply(500), Reply(503), Reply(429), Reply(429, {"Retry-After": "soon"})], ids=str
)
def test_what_passes_is_tried_again(server: LokiServer, passing: Reply) -> None:
    server.replies = [passing, passing]
    handler = make_handler(server.url)
    log(handler)
    server.wait_for_lines(1)
    handler.close()
    assert len(server.pushes) == 3
    assert not handler.lost.counts


def test_loki_is_left_alone_for_as_long_as_it_asks(server: LokiServer) -> None:
    server.replies = [Reply(429, {"Retry-After": "1"})]
    handler = make_handler(server.url)
    log(handler)
    server.wait_for_lines(1)
    handler.close()
    first, second = server.pushes
    assert second - first >= 1


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_what_is_refused_is_counted_and_not_tried_again(server: LokiServer, status: int) -> None:
    server.replies = [Reply(status, {"Location": server.url})]
    handler = make_handler(server.url)
    log(handler)
    server.wait_for_pushes(1)
    handler.handle(make_record("taken"))
    server.wait_for_lines(1)
    handler.close()
    assert server.messages == ["taken"]
    assert handler.lost.counts == {"refused": 1}


def test_what_fails_for_too_long_is_counted(server: LokiServer) -> None:
    server.reply = Reply(500)
    handler = make_handler(server.url)
    log(handler)
    server.wait_for_pushes(3)
    handler.close()
    assert handler.lost.counts == {"unavailable": 1}


def test_a_loki_that_is_down_costs_only_the_lines(capfd: pytest.CaptureFixture[str]) -> None:
    handler = make_handler("http://127.0.0.1:1")
    log(handler, 3)
    handler.close()
    log(handler)
    handler.close()
    assert handler.lost.counts.total() == 4
    assert capfd.readouterr() == ("", "")


def test_a_loki_that_hangs_holds_nobody_up(
    server: LokiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loki, "EXIT_SECONDS", 0.2)
    server.reply = Reply(hangs=True)
    handler = make_handler(server.url)
    log(handler, 3)
    server.wait_for_pushes(1)
    log(handler, 5)
    handler.close()
    assert handler.lost.counts == {"exit": 8}
    server.released.set()


def test_a_loki_that_hangs_is_asked_again(
    server: LokiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loki_batches, "PUSH_SECONDS", 0.5)
    server.replies = [Reply(hangs=True)]
    handler = make_handler(server.url)
    log(handler, 3)
    server.wait_for_lines(3)
    handler.close()
    assert not handler.lost.counts


def test_a_failure_and_its_end_are_one_line_each_a_minute(
    server: LokiServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    handler = make_handler(server.url)
    for pushes, reply in enumerate([Reply(400), Reply(400), Reply(), Reply(400)], start=1):
        server.reply = reply
        log(handler)
        server.wait_for_pushes(pushes)
    handler.close()
    said = [(record.getMessage(), vars(record)["fields"]) for record in caplog.records]
    assert said == [
        ("log lines do not arrive", {"place": "Loki", "why": "400 as the test wants"}),
        ("log lines arrive again", {"place": "Loki", "lost": 2}),
        ("log lines were lost", {"place": "Loki", "lost": 1}),
    ]


def test_a_port_that_takes_connections_and_never_answers_does_not_stop_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loki, "EXIT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=1) as silent:
        handler = make_handler(f"http://127.0.0.1:{silent.getsockname()[1]}")
        log(handler, 3)
        handler.close()
    assert handler.lost.counts == {"exit": 3}
