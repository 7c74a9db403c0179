"""What an operator asks of Kafka, through one client for all of it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    KafkaError,
    NoError,
    for_code,
)
from aiokafka.structs import OffsetAndMetadata

from app.services.kafka.client import TIMEOUT_SECONDS
from app.services.kafka.errors import FAILURES, explain
from app.services.kafka.protocol import AlterRequest, TopicsRequest, ask_settings
from app.services.kafka.starting import start_client
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError

Result = TypeVar("Result")

LIST_SECONDS = 5.0
"""All subscriptions of a process begin at the same time, and ask for the same."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """How many servers there are, and which of them hold each partition of a topic."""

    servers: int
    topics: dict[str, list[list[int]]]
    ids: dict[str, str]
    """What the cluster knows topics by; empty where it knows no ids."""

    @property
    def partitions(self) -> list[TopicPartition]:
        """The partitions of its topics."""
        return [
            TopicPartition(topic, number)
            for topic, found in self.topics.items()
            for number in range(len(found))
        ]


class Admin:
    """One client, made when it is needed, and another after it has failed."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Prepare; the first question connects."""
        self._options = options
        self._client: Any = None
        self._opening = asyncio.Lock()
        self._listing = asyncio.Lock()
        self._listed: list[str] = []
        self._listed_until = 0.0

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
        answer = await self.send(TopicsRequest(sorted(topics)))
        found = {
            each["topic"]: each
            for each in answer.to_object()["topics"]
            if for_code(each["error_code"]) is NoError
        }
        return Cluster(
            servers=len(answer.brokers),
            topics={
                name: [partition["replicas"] for partition in each["partitions"]]
                for name, each in found.items()
            },
            ids={name: str(each["topic_id"]) for name, each in found.items() if "topic_id" in each},
        )

    async def list_topics(self) -> list[str]:
        """Return the names of all topics; they may be thousands, so that it is asked seldom."""
        async with self._listing:
            moment = asyncio.get_running_loop().time()
            if moment > self._listed_until:
                answer = await self.send(TopicsRequest(None))
                self._listed = [each[1] for each in answer.topics]
                self._listed_until = moment + LIST_SECONDS
            return self._listed

    async def find_settings(
        self, topics: Collection[str], names: Collection[str]
    ) -> dict[str, dict[str, str]]:
        """Return settings of topics that are in force, without those that we may not read."""
        if not topics:
            return {}
        answer = await self.send(ask_settings(sorted(topics), sorted(names)))
        return {
            topic: {name: value for name, value, *_ in found if value is not None}
            for code, _, _, topic, found in answer.resources
            if for_code(code) is NoError
        }

    async def change_settings(self, settings: dict[str, dict[str, str]]) -> None:
        """Set settings of topics; the others stay as they are."""
        if not settings:
            return
        answer = await self.send(AlterRequest(settings))
        for code, message, _, topic in answer.resources:
            if (error := for_code(code)) is not NoError:
                raise BrokerRefusedError(f"{topic}: {message or error.__name__}")

    async def send(self, request: Any) -> Any:
        """Return what any server answers."""
        return await self.ask(lambda client: client._send_request(request))

    async def find_partitions(self, topics: Collection[str]) -> list[TopicPartition]:
        """Return the partitions of those topics that exist."""
        return (await self.describe(topics)).partitions

    async def find_offsets(
        self, group: str, partitions: Collection[TopicPartition] | None = None
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return what a group has committed, on these partitions or on all that it ever read."""
        chosen = None if partitions is None else list(partitions)

        async def work(client: Any) -> dict[TopicPartition, OffsetAndMetadata]:
            found = await client.list_consumer_group_offsets(group, partitions=chosen)
            return {partition: each for partition, each in found.items() if each.offset >= 0}

        return {} if chosen == [] else await self.ask(work)

    async def has_coordinator(self, group: str) -> bool:
        """Tell whether a server coordinates the group, which the first one of a cluster waits for.

        Kafka then makes the topic in which it keeps what groups commit. A consumer would wait too,
        and log an error each time that it asks.
        """

        async def work(client: Any) -> bool:
            try:
                await client.find_coordinator(group)
            except GroupCoordinatorNotAvailableError:
                return False
            return True

        return await self.ask(work)

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
