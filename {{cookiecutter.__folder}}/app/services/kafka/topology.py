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
from app.services.kafka.client import MAX_BYTES, TIMEOUT_SECONDS
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError
from app.utils.topology import Group, Topic

PLACE_RETENTION = timedelta(days=7)
UNLIMITED = -1
RETENTION = "retention.ms"
IN_SYNC = "min.insync.replicas"
MESSAGE_BYTES = "max.message.bytes"
SETTINGS = (RETENTION, IN_SYNC, MESSAGE_BYTES)
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A topic as it is to be."""

    name: str
    partitions: int
    replicas: int
    retention_ms: int
    message_bytes: int | None = None
    """How large a message it has to take at least, if that is ours to say."""

    def count_in_sync(self, servers: int) -> int:
        """Return on how many servers a message is before it counts as published."""
        # One of them may be away, as when it restarts, and the others must have it.
        return max(min(self.replicas, servers) - 1, 1)


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
        message_bytes=None if name == topic.name else MAX_BYTES,
    )


def to_milliseconds(time: timedelta) -> int:
    """Return a time as Kafka writes it."""
    return time // timedelta(milliseconds=1)


async def check_topics(admin: Admin, declared: Collection[Declared]) -> list[str]:
    """Return a sentence for everything that is missing or not as declared."""
    lacks, others = await find_differences(admin, declared)
    return [*lacks, *others]


async def find_differences(
    admin: Admin, declared: Collection[Declared]
) -> tuple[list[str], list[str]]:
    """Return a sentence for everything that topics lack, and one for what is more than declared."""
    names = [each.name for each in declared]
    cluster = await admin.describe(names)
    settings = await admin.find_settings(cluster.topics, SETTINGS)
    lacks = [sentence for each in declared for sentence in compare(each, cluster)]
    others = []
    for each in declared:
        found = settings.get(each.name, {})
        for name, wanted in list_settings(each, cluster.servers).items():
            if not (have := found.get(name)):
                continue  # we may not read it, or the server does not know it
            if rank(have) < rank(wanted):
                lacks.append(f"{each.name}: its {name} is {have}, not {wanted}")
            elif name == RETENTION and rank(have) > rank(wanted):
                others.append(
                    f"{each.name}: its {name} is {have}, more than the {wanted} declared: declare "
                    "the retention that it has, so that ids of messages are known as long"
                )
    return lacks, others


def list_settings(declared: Declared, servers: int) -> dict[str, str]:
    """Return the settings that a topic is to have."""
    settings = {
        RETENTION: str(declared.retention_ms),
        IN_SYNC: str(declared.count_in_sync(servers)),
    }
    if declared.message_bytes is not None:
        settings[MESSAGE_BYTES] = str(declared.message_bytes)
    return settings


def rank(value: str) -> float:
    """Return how much a setting is; below zero is without a limit."""
    return float(value) if float(value) >= 0 else float("inf")


async def apply_topics(admin: Admin, declared: Collection[Declared]) -> None:
    """Create what is missing, add what is less, and wait until every server knows of it.

    Nothing is made less: that could delete messages. Raises BrokerRefusedError, one sentence, for
    what cannot be changed, and BrokerUnavailableError when the servers take too long, after which
    it can be done again.
    """
    cluster = await admin.describe([each.name for each in declared])
    found = cluster.topics
    missing = [each for each in declared if each.name not in found]
    await admin.ask(partial(create_topics, declared=missing, servers=cluster.servers))
    small = [each for each in declared if 0 < len(found.get(each.name, [])) < each.partitions]
    await admin.ask(partial(add_partitions, declared=small))
    weak = await raise_settings(admin, declared, cluster)
    changed = {each.name for each in (*missing, *small)} | weak
    deadline = asyncio.get_running_loop().time() + TIMEOUT_SECONDS
    while lacks := (await find_differences(admin, declared))[0]:
        if not any(sentence.split(":")[0] in changed for sentence in lacks):
            raise BrokerRefusedError("; ".join(lacks))
        if asyncio.get_running_loop().time() > deadline:
            raise BrokerUnavailableError(f"not there yet: {'; '.join(lacks)}")
        await asyncio.sleep(PAUSE_SECONDS)


async def raise_settings(
    admin: Admin, declared: Collection[Declared], cluster: Cluster
) -> set[str]:
    """Set what is less than declared; return of which topics."""
    settings = await admin.find_settings(cluster.topics, SETTINGS)
    changes = {}
    for each in declared:
        found = settings.get(each.name, {})
        low = {
            name: wanted
            for name, wanted in list_settings(each, cluster.servers).items()
            if found.get(name) and rank(found[name]) < rank(wanted)
        }
        if low:
            changes[each.name] = low
    await admin.change_settings(changes)
    return set(changes)


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
            topic_configs=list_settings(each, servers),
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
