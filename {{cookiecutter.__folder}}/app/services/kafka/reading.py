"""Reading one partition of Kafka: everything that is there, also what the client cannot read."""

from collections.abc import Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    LeaderNotAvailableError,
    NoError,
    UnsupportedCodecError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest

from app.core.metrics import MESSAGES_UNREADABLE
from app.services.kafka.batches import Batch, UnreadableRecord, mark_visible, split
from app.services.kafka.unpacking import (
    MAX_UNPACKED,
    NoMemoryLeftError,
    Share,
    limit_unpacking,
)
from app.utils.logger import Logger

logger = Logger(__name__)

READ_COMMITTED = "read_committed"
FETCH_WAIT_MILLISECONDS = 200
FETCH_BYTES = 1024 * 1024
WITH_REPLICA = 11
OF_CONTENT = (CorruptRecordException, UnsupportedCodecError)


def make_consumer(options: dict[str, Any], **more: Any) -> Any:
    """Return a consumer that sees the records of committed transactions only."""
    return AIOKafkaConsumer(
        **options,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=READ_COMMITTED,
        fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
        **more,
    )


async def read(
    consumer: Any, partition: TopicPartition, share: Share, *, timeout_ms: int, max_records: int
) -> tuple[list[Any], int]:
    """Return the next records of a partition, and the offset behind them.

    That need not be the last one's plus one: transactions leave marks, compaction leaves gaps.
    What cannot be read is a record of its bytes, so that nothing holds up what is behind it. What
    was read before with this share is done with; where too much is unpacked, this waits.
    """
    share.begin()
    try:
        with limit_unpacking(share):
            found = await consumer.getmany(
                partition, timeout_ms=timeout_ms, max_records=max_records
            )
        records = found.get(partition, [])
        # There may be more of the last batch, which is unpacked as a whole.
        share.keeps = len(records) == max_records
    except Exception as error:
        if isinstance(error, KafkaError) and not isinstance(error, OF_CONTENT):
            raise
        # It has given up the records before the bad one too, and would fetch them for ever.
        async with share.reserve():
            found_again = await read_leniently(consumer, partition, max_records)
            if found_again is None and not isinstance(error, NoMemoryLeftError):
                raise
            records = found_again or []
            share.take(sum(len(each.value or b"") for each in records))
    return records, await consumer.position(partition)


async def read_leniently(
    consumer: Any, partition: TopicPartition, max_records: int
) -> list[Any] | None:
    """Read batch by batch, to the first that is not as it should be; nothing if there is none.

    It ends earlier at so many records, or when they are as large as one batch may be.
    """
    position = await consumer.position(partition)
    records: list[Any] = []
    end = position
    size = 0
    is_readable = True
    for batch, is_visible in await fetch(consumer._client, partition, position):
        found = (each for each in batch.read(partition) if each.offset >= position)
        end = batch.last + 1
        for record in found if is_visible else ():
            if len(records) == max_records:
                end = record.offset
                break
            records.append(record)
            size += len(record.value or b"")
            is_readable = is_readable and not isinstance(record, UnreadableRecord)
        if not is_readable or size >= MAX_UNPACKED or len(records) == max_records:
            break
    if end <= position:
        return None
    consumer.seek(partition, end)
    for record in records:
        if isinstance(record, UnreadableRecord):
            report(record)
    return records


async def fetch(
    client: Any, partition: TopicPartition, position: int
) -> Iterator[tuple[Batch, bool]]:
    """Return the batches from an offset on, and of each whether consumers may see it."""
    leader = client.cluster.leader_for_partition(partition)
    if leader is None or leader < 0:
        raise LeaderNotAvailableError(partition)
    topics = [(partition.topic, [(partition.partition, position, FETCH_BYTES)])]
    committed_only = 1
    request = FetchRequest(FETCH_WAIT_MILLISECONDS, 1, FETCH_BYTES, committed_only, topics)
    answer = await client.send(leader, request)
    [(_, [(_, code, _, *rest)])] = answer.topics
    if (error := for_code(code)) is not NoError:
        raise error(partition)
    # Since then the replica that is to be read from stands between them and the records.
    aborted = rest[-3] if answer.API_VERSION >= WITH_REPLICA else rest[-2]
    return mark_visible(split(rest[-1] or b""), aborted or [])


def report(record: UnreadableRecord) -> None:
    """Say that records could not be read."""
    MESSAGES_UNREADABLE.labels(record.topic).inc()
    said = dict(record.headers)
    logger.error(
        "records not readable",
        topic=record.topic,
        partition=record.partition,
        offsets=said["unreadable-offsets"].decode(),
        error=said["unreadable-error"].decode(),
    )
