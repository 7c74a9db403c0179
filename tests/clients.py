"""Clients of a rendered service, who note every answer that they get."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from ipaddress import IPv6Address
from itertools import count
from typing import Any
from uuid import uuid4

from tests.processes import HOST

# Far beyond every limit of a service: who waits so long hangs.
HANGING_SECONDS = 30
CLIENTS = 4
# Far less than Retry-After asks for: what these clients want to see is refusals.
PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)

    @property
    def asks_to_come_back(self) -> bool:
        """Tell whether it says, in the service's way, that it works again later."""
        is_problem = self.headers["content-type"] == "application/problem+json"
        return self.status == 503 and is_problem and "retry-after" in self.headers


def send(port: int, method: str, path: str, body: object = None, **headers: str) -> Answer:
    """Send a request, from an address of its own, and return its answer, whatever it is.

    `if_match` is the header If-Match.
    """
    connection = HTTPConnection(HOST, port, timeout=HANGING_SECONDS)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"content-type": "application/json", "x-forwarded-for": make_address(), **named}
    data = None if body is None else json.dumps(body)
    began = time.monotonic()
    try:
        connection.request(method, path, data, named)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    given = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, given, content, time.monotonic() - began)


def make_address() -> str:
    """Return an address that no rate limit knows yet."""
    return str(IPv6Address(uuid4().int))


def create(port: int, name: str) -> Answer:
    """Create an item, with its name as the key that makes it safe to ask again."""
    return send(port, "POST", "/v1/items", {"name": name}, idempotency_key=name)


def list_names(port: int) -> Counter[str]:
    """Count the items of each name, on all pages."""
    names: Counter[str] = Counter()
    path = "/v1/items?limit=200"
    cursor = ""
    while True:
        answer = send(port, "GET", path + cursor)
        assert answer.status == 200, answer
        page = answer.json
        names.update(item["name"] for item in page["items"])
        if page["next"] is None:
            return names
        cursor = f"&cursor={page['next']}"


@dataclass
class Crowd:
    """Clients at work, each creating an item and reading it and the list, over and over."""

    port: int
    prefix: str
    created: dict[str, Answer] = field(default_factory=dict)
    """The answers to those who created something, by its name."""
    read: list[Answer] = field(default_factory=list)
    """The answers to those who read."""
    _numbers: Iterator[int] = field(default_factory=count)
    _leaving: threading.Event = field(default_factory=threading.Event)

    @property
    def answers(self) -> list[Answer]:
        """All answers."""
        return [*self.created.values(), *self.read]

    def count(self, status: int) -> int:
        """Count the answers to those who created something."""
        return [answer.status for answer in list(self.created.values())].count(status)

    def work(self) -> None:
        """Be one of the clients, until all leave."""
        while not self._leaving.is_set():
            name = f"{self.prefix} {next(self._numbers)}"
            self.created[name] = create(self.port, name)
            self.read.append(send(self.port, "GET", "/v1/items"))
            if self.created[name].status >= 500:
                self._leaving.wait(PAUSE_SECONDS)
            if place := self.created[name].headers.get("location"):
                self.read.append(send(self.port, "GET", place))

    def leave(self) -> None:
        """Send nothing more."""
        self._leaving.set()


@contextmanager
def crowded(port: int, prefix: str) -> Iterator[Crowd]:
    """Keep a service busy during the block; what a client could not bear is raised at its end."""
    crowd = Crowd(port, prefix)
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(crowd.work) for _ in range(CLIENTS)]
        try:
            yield crowd
        finally:
            crowd.leave()
    for client in clients:
        client.result()
