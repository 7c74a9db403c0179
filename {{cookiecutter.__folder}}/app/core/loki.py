"""Log lines to Loki through the library's handler, which is taught to batch and never to wait."""

import gzip
import logging
import os
from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any
from weakref import WeakSet

import requests
from logging_loki import LokiHandler
from logging_loki.emitter import LokiEmitterV1
from pydantic_core import to_json
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from app.core import log_losses
from app.core.log_losses import LostLines
from app.core.loki_batches import BatchSender, Line, Problem

# Whether lines arrive is said elsewhere.
OWN_LOGGER = log_losses.__name__
PUSH_PATH = "/loki/api/v1/push"
CONNECT_SECONDS = 3.0
# A process that ends waits so long for Loki, and no longer.
EXIT_SECONDS = 3.0
# A fork waits so long for a push that goes on. One that takes longer waits for Loki itself, and
# holds nothing that the child would find locked.
FORK_SECONDS = 1.0
# Loki's default limit of a line, and what of a longer one fits however much of it is escaped.
LINE_BYTES = 256 * 1024
CUT_BYTES = 40_000
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500


class LokiSession(requests.Session):
    """An HTTP session for bodies that are compressed JSON."""

    def __init__(self) -> None:
        """Set the headers once."""
        super().__init__()
        self.headers.update({"Content-Type": "application/json", "Content-Encoding": "gzip"})


class BatchEmitter(LokiEmitterV1):  # type: ignore[misc] # the library has no types
    """Push many lines in one request, each with the time when it was logged."""

    session_class = LokiSession

    _prepared: tuple[requests.PreparedRequest, dict[str, Any]] | None = None

    def prepare(self) -> tuple[requests.PreparedRequest, dict[str, Any]]:
        """Return what all pushes have in common, made once: it costs more than a push itself."""
        if self._prepared is None:
            session = self.session
            options = session.merge_environment_settings(self.url, {}, None, None, None)
            request = session.prepare_request(requests.Request("POST", self.url))
            self._prepared = request, dict(options)
        return self._prepared

    def push(self, batch: Sequence[Line], seconds: float) -> Problem | None:
        """Push lines and return what went wrong; no attempt takes much longer than `seconds`."""
        try:
            request, options = self.prepare()
            # The least effort saves most of the bytes.
            body = gzip.compress(to_json(self.build_batch(batch)), compresslevel=1)
            request.prepare_body(body, None)
            timeout = (min(CONNECT_SECONDS, seconds), seconds)
            response = self.session.send(request, timeout=timeout, allow_redirects=False, **options)
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread goes on
            self.close()
            return Problem(f"{type(error).__name__}: {error}"[:300], isinstance(error, OSError))
        status = response.status_code
        if status == self.success_response_code:
            return None
        return Problem(
            f"{status} {response.text.strip()}"[:300],
            passes=status == TOO_MANY_REQUESTS or status >= SERVER_ERROR,
            retry_after=read_retry_after(response.headers.get("Retry-After")),
        )

    def build_batch(self, batch: Sequence[Line]) -> dict[str, object]:
        """Return what Loki's API takes: the lines by their labels."""
        streams: dict[str, list[tuple[str, str]]] = {}
        for level, created, text in batch:
            # Few values, or Loki gets slow: everything else stands in the line.
            streams.setdefault(level, []).append((str(int(created * 1e9)), text))
        return {
            "streams": [
                {"stream": {**self.tags, "level": level.lower()}, "values": lines}
                for level, lines in streams.items()
            ]
        }


class BatchLokiHandler(LokiHandler):  # type: ignore[misc] # the library has no types
    """Queue formatted lines for the thread that sends them; what is lost is counted in `lost`."""

    emitters = {"1": BatchEmitter}  # noqa: RUF012 - the library's name and type

    def __init__(self, url: str, labels: dict[str, str]) -> None:
        """Push to the Loki at `url` under these labels, and the level of each line."""
        push = f"{url.rstrip('/').removesuffix(PUSH_PATH)}{PUSH_PATH}"
        super().__init__(url=push, tags=labels, version="1")
        self.start_over()
        HANDLERS.add(self)

    def start_over(self) -> None:
        """Begin with nothing queued or lost: what was there belongs to the parent process."""
        self.emitter._session = None  # closing it would disturb the parent's
        self.lost = LostLines("Loki")
        self._sender = BatchSender(self.emitter.push, self.lost)

    def pause(self) -> None:
        """Let the thread that sends do nothing that a fork could cut in two."""
        self._sender.pause(FORK_SECONDS)

    def resume(self) -> None:
        """Let it go on."""
        self._sender.resume()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line; never one of the sending itself, which would have no end."""
        sender = self._sender
        if get_ident() == sender.thread_id or record.name == OWN_LOGGER:
            return
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - whatever a message cannot be made of
            self.lost.count("unformatted")
            return
        if len(line) > LINE_BYTES // 4:
            line = cut(line)
        sender.add((record.levelname, record.created, line))

    def close(self) -> None:
        """Send what is queued, within a few seconds; `logging` calls this when a process exits."""
        self._sender.close(EXIT_SECONDS)
        super().close()


HANDLERS: WeakSet[BatchLokiHandler] = WeakSet()


def for_all(act: Callable[[BatchLokiHandler], None]) -> Callable[[], None]:
    """Return what does this to every handler."""

    def act_on_all() -> None:
        for handler in (*HANDLERS,):
            act(handler)

    return act_on_all


if hasattr(os, "register_at_fork"):
    # A thread does not survive a fork: the child has queues, threads and connections of its own.
    os.register_at_fork(
        before=for_all(BatchLokiHandler.pause),
        after_in_parent=for_all(BatchLokiHandler.resume),
        after_in_child=for_all(BatchLokiHandler.start_over),
    )


def cut(line: str) -> str:
    """Return a line that Loki takes: this one, or if it is too long its beginning, as JSON."""
    whole = line.encode(errors="replace")
    if len(whole) <= LINE_BYTES:
        return line
    beginning = whole[:CUT_BYTES].decode(errors="ignore")
    return to_json({"message": f"cut from {len(whole)} bytes", "beginning": beginning}).decode()


def read_retry_after(header: str | None) -> float:
    """Return the seconds of a Retry-After header, which may be a date; 0 without a sensible one."""
    try:
        return Retry().parse_retry_after(header) if header else 0.0
    except InvalidHeader:
        return 0.0
