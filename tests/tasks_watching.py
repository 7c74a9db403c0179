"""Watching a task as a browser does: server-sent events."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from tests.processes import HOST, PATIENCE_SECONDS

Event = tuple[str, dict[str, Any]]


@contextmanager
def watch(port: int, number: int) -> Iterator[Iterator[Event]]:
    """Open the progress of a task: the name of each event, and the task that it tells of."""
    connection = HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", f"/v1/tasks/{number}/progress")
        response = connection.getresponse()
        assert response.getheader("content-type", "").startswith("text/event-stream")
        yield read_events(response)
    finally:
        connection.close()


def read_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yield events as they come."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield fields["event"], json.loads(fields["data"])
            fields = {}
