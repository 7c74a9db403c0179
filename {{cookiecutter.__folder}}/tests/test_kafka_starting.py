"""A client of Kafka that is given up while it starts."""

import asyncio

import pytest
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaConnectionError

from app.services.kafka.admin import Admin
from app.services.kafka.starting import start_client


class SlowClient:
    """A client whose start takes until `go_on`, and may fail then."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go_on = asyncio.Event()
        self.is_started = False
        self._error = error

    async def start(self) -> None:
        await self.go_on.wait()
        if self._error:
            raise self._error
        self.is_started = True


async def give_up(client: SlowClient) -> asyncio.Task[None]:
    """Cancel the start in the middle."""
    starting = asyncio.create_task(start_client(client))
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.sleep(0)
    client.go_on.set()
    await asyncio.wait({starting})
    return starting


async def test_a_start_that_is_given_up_comes_to_its_end() -> None:
    client = SlowClient()
    assert (await give_up(client)).cancelled()
    assert client.is_started


async def test_a_start_that_is_given_up_and_fails_is_only_given_up() -> None:
    assert (await give_up(SlowClient(KafkaConnectionError()))).cancelled()


async def test_a_start_that_fails_says_so() -> None:
    client = SlowClient(KafkaConnectionError())
    client.go_on.set()
    with pytest.raises(KafkaConnectionError):
        await start_client(client)


class NewCluster:
    """A cluster that has to make the topic of groups first."""

    def __init__(self, waits: int) -> None:
        self.waits = waits

    async def find_coordinator(self, group: str) -> int:
        self.waits -= 1
        if self.waits >= 0:
            raise GroupCoordinatorNotAvailableError(group)
        return 1


async def test_the_first_group_of_a_cluster_waits_for_its_coordinator() -> None:
    admin = Admin({})
    admin._client = NewCluster(waits=2)
    found = [await admin.has_coordinator("group") for _ in range(3)]
    assert found == [False, False, True]
