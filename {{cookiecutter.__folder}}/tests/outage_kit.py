"""Dependencies that answer when they are told to, and work that fails so many times."""

import asyncio

from app.services.outage import Outage
from app.utils.container import Container


class Dependency:
    """Something that answers when it is told to."""

    def __init__(self) -> None:
        self.silent = 0
        self.probes = 0
        self.seconds = 0.0
        self.was_asked = asyncio.Event()

    async def ping(self) -> None:
        raise AssertionError("a probe uses a new connection")

    async def probe(self) -> None:
        self.probes += 1
        self.was_asked.set()
        await asyncio.sleep(self.seconds)
        if self.probes <= self.silent:
            raise ConnectionError("gone")


class MessageBroker(Dependency):
    """A broker that answers when it is told to."""


class Failing:
    """Work that raises an error so many times, and then returns its name."""

    def __init__(self, error: Exception, times: int, name: str = "done") -> None:
        self.error = error
        self.times = times
        self.name = name
        self.calls = 0
        self.was_called = asyncio.Event()

    async def __call__(self) -> str:
        self.calls += 1
        # As work does that asks a server.
        await asyncio.sleep(0)
        self.was_called.set()
        if self.calls <= self.times:
            raise self.error
        return self.name


def make_outage(broker: MessageBroker) -> Outage:
    """Return the outage of a process whose subscription needs this broker."""
    opened = Container()
    opened.add(MessageBroker, broker)
    return Outage("test", opened)
