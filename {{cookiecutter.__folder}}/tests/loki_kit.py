"""A stand-in for Loki's push API over HTTP: as strict as Loki, and as faulty as a test wants."""

import gzip
import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any, NamedTuple

from app.core.config import ServiceSettings
from app.core.log_format import JsonFormatter
from app.core.loki import BatchLokiHandler

PATIENCE_SECONDS = 30.0
LINE_BYTES = 256 * 1024
BODY_BYTES = 4 * 1024 * 1024
LABELS = {"service", "environment", "level"}
LABEL = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
NANOSECONDS = re.compile(r"[0-9]{19}")


class Received(NamedTuple):
    """A line that Loki has taken."""

    labels: Mapping[str, str]
    time: int
    text: str


@dataclass(frozen=True)
class Reply:
    """How Loki answers a push."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """After how long."""
    hangs: bool = False
    """Whether it never answers."""


class LokiServer(ThreadingHTTPServer):
    """Takes lines, once each as Loki does, and remembers what was wrong with a push."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        """Listen; every push is answered with `reply`, after those in `replies`."""
        super().__init__(("127.0.0.1", 0), LokiRequest)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.reply = Reply()
        self.replies: list[Reply] = []
        self.pushes: list[float] = []
        self.received: dict[tuple[Any, ...], Received] = {}
        self.mistakes: list[str] = []
        self.authorizations: list[str | None] = []
        self.released = Event()
        self._changed = Condition()

    @property
    def texts(self) -> list[str]:
        """The lines, in the order in which they came."""
        return [line.text for line in self.received.values()]

    @property
    def messages(self) -> list[str]:
        """What the lines, which are JSON, say."""
        return [json.loads(text)["message"] for text in self.texts]

    def next_reply(self) -> Reply:
        """Return how to answer the push that has just come."""
        with self._changed:
            self.pushes.append(time.monotonic())
            self._changed.notify_all()
            return self.replies.pop(0) if self.replies else self.reply

    def take(self, lines: list[Received]) -> None:
        """Keep lines; one that came before with the same labels and time is the same line."""
        with self._changed:
            for line in lines:
                self.received[(*sorted(line.labels.items()), line.time, line.text)] = line
            self._changed.notify_all()

    def wait_for_pushes(self, count: int) -> None:
        """Wait until so many pushes have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.pushes) >= count, PATIENCE_SECONDS)

    def wait_for_lines(self, count: int) -> None:
        """Wait until so many lines were taken."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, PATIENCE_SECONDS)


class LokiRequest(BaseHTTPRequestHandler):
    """One connection to Loki."""

    server: LokiServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a push, or refuse it as the test wants, or because it is wrong."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.authorizations.append(self.headers["authorization"])
        reply = self.server.next_reply()
        if reply.hangs:
            self.server.released.wait(PATIENCE_SECONDS)
            self.close_connection = True
            return
        time.sleep(reply.seconds)
        try:
            lines = list(read_push(self.path, self.headers, body))
        except (AssertionError, ValueError, KeyError) as error:
            self.server.mistakes.append(repr(error))
            reply = Reply(400)
        if reply.status == 204:
            self.server.take(lines)
        said = b"" if reply.status == 204 else b"as the test wants"
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def read_push(path: str, headers: Message, body: bytes) -> Iterator[Received]:
    """Yield the lines of a push; raises an error for what Loki would refuse, or should."""
    assert path == "/loki/api/v1/push"
    assert headers["content-type"] == "application/json"
    assert headers["content-encoding"] == "gzip"
    text = gzip.decompress(body)
    assert len(text) <= BODY_BYTES
    push = json.loads(text)
    assert set(push) == {"streams"}
    assert push["streams"]
    for stream in push["streams"]:
        assert set(stream) == {"stream", "values"}
        labels = stream["stream"]
        assert set(labels) == LABELS, "a label of many values makes Loki slow"
        for name, value in labels.items():
            assert LABEL.fullmatch(name)
            assert isinstance(value, str)
            assert value
        assert stream["values"]
        for when, line in stream["values"]:
            assert NANOSECONDS.fullmatch(when)
            assert abs(int(when) / 1e9 - time.time()) < 3600
            assert isinstance(line, str)
            assert len(line.encode()) <= LINE_BYTES
            yield Received(labels, int(when), line)


@contextmanager
def serving_loki() -> Iterator[LokiServer]:
    """Serve, and check at the end that nothing wrong was pushed."""
    with LokiServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
    assert server.mistakes == []


def make_handler(url: str) -> BatchLokiHandler:
    handler = BatchLokiHandler(url, {"service": "shop", "environment": "test"})
    handler.setFormatter(JsonFormatter(ServiceSettings(name="shop")))
    return handler


def make_record(message: str, **values: object) -> logging.LogRecord:
    given = {"msg": message, "name": "app.test", "levelname": "INFO"}
    return logging.makeLogRecord(given | values)


def log(handler: BatchLokiHandler, count: int = 1) -> list[str]:
    messages = [f"line {number}" for number in range(count)]
    for message in messages:
        handler.handle(make_record(message))
    return messages
