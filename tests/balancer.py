"""A balancer that sends requests to the instances that are ready, and clients who use it."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import cycle

from tests.clients import HANGING_SECONDS
from tests.processes import HOST

# Far less than the pause of a server that ends, and long enough to need one.
ASKING_SECONDS = 1.0
CLIENTS = 6
# One request in so many comes over a connection of its own, the others over kept ones.
KEPT = 5
PATHS = (*["/test/quick"] * 9, "/test/slow")


@dataclass
class Instance:
    """A server as the balancer sees it."""

    port: int
    is_ready: bool = False
    age: int = 0
    """How often it has become ready: a connection from before that is not used again."""
    answered: int = 0

    def look(self) -> None:
        """Ask whether it is ready."""
        is_ready = False
        with suppress(OSError, HTTPException), closing(connect(self.port)) as connection:
            connection.request("GET", "/health/ready")
            is_ready = connection.getresponse().status == 200
        self.age += is_ready and not self.is_ready
        self.is_ready = is_ready


def connect(port: int) -> HTTPConnection:
    """Return a connection to an instance."""
    return HTTPConnection(HOST, port, timeout=HANGING_SECONDS)


@dataclass
class Balancer:
    """Knows which instances are ready, and what became of every request; none is sent twice."""

    instances: Sequence[Instance]
    failures: list[str] = field(default_factory=list)
    _leaving: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Ask every instance, again and again."""
        while not self._leaving.wait(ASKING_SECONDS):
            for instance in self.instances:
                instance.look()

    def send_requests(self) -> None:
        """Be one of the clients, until all leave."""
        with ExitStack() as stack:
            kept: dict[tuple[int, int], HTTPConnection] = {}
            for number, path in enumerate(cycle(PATHS)):
                ready = [each for each in self.instances if each.is_ready]
                if self._leaving.is_set() or not ready:
                    self.failures += [] if ready else ["no instance was ready"]
                    return
                instance = ready[number % len(ready)]
                place = (instance.port, instance.age)
                if number % KEPT == 0:
                    with closing(connect(instance.port)) as connection:
                        self.send(instance, connection, path)
                    continue
                if place not in kept:
                    kept[place] = stack.enter_context(closing(connect(instance.port)))
                self.send(instance, kept[place], path)

    def send(self, instance: Instance, connection: HTTPConnection, path: str) -> None:
        """Send one request and note how it ended."""
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status == 200 and response.read() == b'"ok"':
                instance.answered += 1
            else:
                self.failures.append(f"{path} on {instance}: {response.status}")
        except (OSError, HTTPException) as error:
            self.failures.append(f"{path} on {instance}: {error!r}")

    def leave(self) -> None:
        """Send and ask nothing more."""
        self._leaving.set()


@contextmanager
def balancing(*ports: int) -> Iterator[Balancer]:
    """Keep instances that are ready busy during the block."""
    balancer = Balancer([Instance(port) for port in ports])
    for instance in balancer.instances:
        instance.look()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        jobs = [pool.submit(balancer.watch)]
        jobs += [pool.submit(balancer.send_requests) for _ in range(CLIENTS)]
        try:
            yield balancer
        finally:
            balancer.leave()
    for job in jobs:
        job.result()
