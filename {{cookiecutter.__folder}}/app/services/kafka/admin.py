"""What an operator asks of Kafka, through one client for all of it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError, NoError, for_code
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.structs import OffsetAndMetadata

from app.services.kafka.client import TIMEOUT_SECONDS
from app.services.kafka.errors import FAILURES, explain
from app.services.kafka.starting import start_client
from app.utils.broker_errors import BrokerUnavailableError

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """How many servers there are, and which of them hold each partition of a topic."""

    servers: int
    topics: dict[str, list[list[int]]]


class Admin:
    """One client, made when it is needed, and another after it has failed."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Prepare; the first question connects."""
        self._options = options
        self._client: Any = None
        self._opening = asyncio.Lock()

    async def ask(self, work: Callable[[Any], Awaitable[Result]]) -> Result:
        """Return what the work returns; raises BrokerUnavailableError or BrokerRefusedError."""
        try:
            return await self._try(work)
        except BrokerUnavailableError:
            # The servers that this client knew may be gone.
            return await self._try(work)

    async def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def describe(self, topics: Collection[str]) -> Cluster:
        """Return what the cluster has of these topics."""
        # The client itself would ask for all topics, which may be thousands, or create these.
        request = MetadataRequest(sorted(topics), allow_auto_topic_creation=False)
        answer = await self.ask(lambda client: client._send_request(request))
        found = {
            name: [replicas for _, _, _, replicas, *_ in partitions]
            for code, name, _, partitions in answer.topics
            if for_code(code) is NoError
        }
        return Cluster(servers=len(answer.brokers), topics=found)

    async def find_partitions(self, topics: Collection[str]) -> list[TopicPartition]:
        """Return the partitions of those topics that exist."""
        found = (await self.describe(topics)).topics
        return [
            TopicPartition(topic, number)
            for topic in topics
            for number in range(len(found.get(topic, [])))
        ]

    async def find_offsets(
        self, group: str, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return what a group has committed, without the partitions where it has nothing."""

        async def work(client: Any) -> dict[TopicPartition, OffsetAndMetadata]:
            found = await client.list_consumer_group_offsets(group, partitions=list(partitions))
            return {partition: each for partition, each in found.items() if each.offset >= 0}

        return await self.ask(work) if partitions else {}

    async def delete_before(self, ends: dict[TopicPartition, int]) -> None:
        """Delete the records before the given offsets."""
        records = {each: RecordsToDelete(before_offset=end) for each, end in ends.items()}
        await self.ask(lambda client: client.delete_records(records))

    async def _try(self, work: Callable[[Any], Awaitable[Result]]) -> Result:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS / 2):
                return await work(await self._open())
        except FAILURES as error:
            await self.close()
            raise explain(error) from error

    async def _open(self) -> Any:
        async with self._opening:
            if self._client is None:
                client = AIOKafkaAdminClient(
                    **self._options, request_timeout_ms=round(TIMEOUT_SECONDS * 1000)
                )
                try:
                    await start_client(client)
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client


def raise_errors(answer: Any, *expected: type[KafkaError]) -> None:
    """Raise the first error of an answer about topics, other than those expected."""
    for topic, code, *_ in answer.topic_errors:
        error = for_code(code)
        if error is not NoError and error not in expected:
            raise error(topic)
