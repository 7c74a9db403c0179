"""Topics on Kafka: those of events, and the places of groups, as they are declared."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.errors import InvalidPartitionsError, TopicAlreadyExistsError

from app.services.kafka.admin import Admin, Cluster, raise_errors
from app.services.kafka.client import TIMEOUT_SECONDS
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError
from app.utils.topology import Group, Topic

PLACE_RETENTION = timedelta(days=7)
UNLIMITED = -1
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A topic as it is to be."""

    name: str
    partitions: int
    replicas: int
    retention_ms: int


def declare(topics: Collection[Topic], groups: Collection[Group]) -> Iterator[Declared]:
    """Yield every topic that these need."""
    for topic in {
        topic.name: topic for topic in (*topics, *(each.topic for each in groups))
    }.values():
        yield declare_one(topic, topic.name, to_milliseconds(topic.topology.retention))
    for group in groups:
        for rung, seconds in group.rungs.items():
            retention = PLACE_RETENTION + timedelta(seconds=seconds)
            yield declare_one(group.topic, rung, to_milliseconds(retention))
        # One partition: dead letters are read by people, oldest first.
        yield declare_one(group.topic, group.dead, UNLIMITED, partitions=1)


def declare_one(
    topic: Topic, name: str, retention_ms: int, partitions: int | None = None
) -> Declared:
    """Return the topic or a place as it is to be."""
    topology = topic.topology
    return Declared(
        name=name,
        partitions=partitions or topology.partitions,
        replicas=topology.replicas,
        retention_ms=retention_ms,
    )


def to_milliseconds(time: timedelta) -> int:
    """Return a time as Kafka writes it."""
    return time // timedelta(milliseconds=1)


async def check_topics(admin: Admin, declared: Collection[Declared]) -> list[str]:
    """Return a sentence for every topic that is missing or less than declared."""
    cluster = await admin.describe([each.name for each in declared])
    return [sentence for each in declared for sentence in compare(each, cluster)]


async def apply_topics(admin: Admin, declared: Collection[Declared]) -> None:
    """Create what is missing, and wait until every server knows of it.

    Raises BrokerRefusedError, one sentence, for what cannot be changed, and BrokerUnavailableError
    when the servers take too long, after which it can be done again.
    """
    cluster = await admin.describe([each.name for each in declared])
    found = cluster.topics
    missing = [each for each in declared if each.name not in found]
    await admin.ask(partial(create_topics, declared=missing, servers=cluster.servers))
    small = [each for each in declared if 0 < len(found.get(each.name, [])) < each.partitions]
    await admin.ask(partial(add_partitions, declared=small))
    deadline = asyncio.get_running_loop().time() + TIMEOUT_SECONDS
    while different := await check_topics(admin, declared):
        changed = {each.name for each in (*missing, *small)}
        if not any(sentence.split(":")[0] in changed for sentence in different):
            raise BrokerRefusedError("; ".join(different))
        if asyncio.get_running_loop().time() > deadline:
            raise BrokerUnavailableError(f"not there yet: {'; '.join(different)}")
        await asyncio.sleep(PAUSE_SECONDS)


def compare(declared: Declared, cluster: Cluster) -> Iterator[str]:
    """Yield a sentence for everything that the topic lacks."""
    name, partitions = declared.name, cluster.topics.get(declared.name)
    if partitions is None:
        yield f"{name}: there is no such topic"
        return
    if len(partitions) < declared.partitions:
        yield f"{name}: it has {len(partitions)} partitions, not {declared.partitions}"
    wanted = min(declared.replicas, cluster.servers)
    if (replicas := min(map(len, partitions))) < wanted:
        yield f"{name}: it has {replicas} replicas, not {wanted}, which only an operator can change"


async def create_topics(client: Any, *, declared: Collection[Declared], servers: int) -> None:
    """Create topics; another process may do the same."""
    if not declared:
        return
    topics = [
        NewTopic(
            each.name,
            each.partitions,
            min(each.replicas, servers),
            topic_configs={"retention.ms": str(each.retention_ms)},
        )
        for each in declared
    ]
    raise_errors(await client.create_topics(topics), TopicAlreadyExistsError)


async def add_partitions(client: Any, *, declared: Collection[Declared]) -> None:
    """Add the partitions that topics lack; another process may do the same."""
    for each in declared:
        try:
            await client.create_partitions({each.name: NewPartitions(each.partitions)})
        except InvalidPartitionsError:
            continue
