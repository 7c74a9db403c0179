"""The connection to a broker that is there, not yet there, or not as the service needs it."""

import asyncio
from dataclasses import replace

import pytest

from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.services import connection
from app.services.connection import keep_connected
from app.services.memory_broker import MemoryBroker
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError


class LateBroker(MemoryBroker):
    """A broker that starts after the service."""

    def __init__(self, *, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def connect(self) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise BrokerUnavailableError("nobody there")


async def test_a_broker_may_start_after_the_service(
    core: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PAUSE_SECONDS", 0.001)
    async with keep_connected(LateBroker(failures=3), [], core) as connecting, asyncio.timeout(5):
        assert not connecting.made.is_set()
        await connecting.made.wait()


async def test_a_broker_that_refuses_ends_the_start_in_one_sentence(core: CoreSettings) -> None:
    class Refusing(MemoryBroker):
        async def connect(self) -> None:
            raise BrokerRefusedError("it does not know the user guest")

    with pytest.raises(StartupError, match=r"^BROKER_URL: it does not know the user guest$"):
        async with keep_connected(Refusing(), [], core):
            pass


class Empty(MemoryBroker):
    """A broker that lacks everything, and counts what is created."""

    applied = 0

    async def check(self, *_: object) -> list[str]:
        return ["topic test.parked is missing"]

    async def apply(self, *_: object) -> None:
        self.applied += 1


async def test_development_creates_what_is_missing(core: CoreSettings) -> None:
    broker = Empty()
    async with keep_connected(broker, [], core):
        assert broker.applied == 1


async def test_production_refuses_to_start_without_it(core: CoreSettings) -> None:
    process = core.process.model_copy(update={"environment": "production"})
    broker = Empty()
    with pytest.raises(StartupError, match=r"test\.parked is missing: run `just topology apply`"):
        async with keep_connected(broker, [], replace(core, process=process)):
            pass
    assert broker.applied == 0


async def test_what_the_broker_lacks_is_looked_for_on_the_connection_that_there_is(
    core: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(LateBroker):
        checks = 0

        async def check(self, *_: object) -> list[str]:
            self.checks += 1
            return [] if self.checks == 3 else ["queue test.parked is missing"]

    broker = Late(failures=1)
    monkeypatch.setattr(connection, "PAUSE_SECONDS", 0.001)
    process = core.process.model_copy(update={"environment": "production"})
    production = replace(core, process=process)
    async with keep_connected(broker, [], production) as connecting, asyncio.timeout(5):
        await connecting.made.wait()
    assert broker.checks == 3
    assert broker.failures == -1, "it connected once after it had failed"
