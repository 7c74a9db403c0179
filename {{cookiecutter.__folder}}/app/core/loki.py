"""Log lines to Loki from a thread of their own, so that a slow Loki slows nobody."""

import logging
from logging.handlers import QueueHandler, QueueListener
from queue import Full, Queue
from typing import Any

import requests
from logging_loki import LokiHandler

QUEUE_SIZE = 10_000
TIMEOUT_SECONDS = 2.0
# What the sending itself logs; sending that too would never end.
OWN_LOGGERS = ("urllib3", "requests")


class LokiSession(requests.Session):
    """An HTTP session that never waits for ever."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, with a timeout."""
        kwargs.setdefault("timeout", TIMEOUT_SECONDS)
        return super().request(*args, **kwargs)


class LokiSender(LokiHandler):  # type: ignore[misc] # the library has no types
    """Push one line; a line that Loki does not take is counted in `lost`."""

    def __init__(self, url: str, service: str) -> None:
        """Push to `url`/loki/api/v1/push under the label of the service."""
        push = f"{url.rstrip('/')}/loki/api/v1/push"
        super().__init__(url=push, tags={"service": service}, version="1")
        self.emitter.session_class = LokiSession
        self.lost = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the library's name
        """Count the line, instead of printing a traceback for each."""
        self.emitter.close()
        self.lost += 1


class LokiQueueHandler(QueueHandler):
    """Hand lines to the sender's thread; a line that finds the queue full is counted in `lost`."""

    def __init__(self, url: str, service: str) -> None:
        """Start the thread that sends."""
        super().__init__(Queue(QUEUE_SIZE))
        self.lost = 0
        self.addFilter(lambda record: not record.name.startswith(OWN_LOGGERS))
        self._listener: QueueListener | None = QueueListener(self.queue, LokiSender(url, service))
        self._listener.start()

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a formatted record without waiting."""
        try:
            self.queue.put_nowait(record)
        except Full:
            self.lost += 1

    def close(self) -> None:
        """Send what is queued and end the thread; `logging` calls this when the process exits."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        super().close()
