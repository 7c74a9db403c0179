"""What every contender sends and takes: the same event with the same headers, counted alike."""

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import uvloop
from aio_pika import DeliveryMode, Message
from pydantic import BaseModel, ConfigDict

IN_FLIGHT = 50
PREFETCH = 20
TIMEOUT_SECONDS = 10.0
# A queue that nobody reads must not fill the disk.
SHORT = {"x-max-length": 1000}
PREFIXES = {"amqp": "cloudEvents:", "kafka": "ce_"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Fields(BaseModel):
    """What the event says."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    item_id: UUID
    name: str
    price: float
    tags: list[str]
    created_at: datetime


KEY = "0a4f8a0e-0f0c-4f5a-9f5e-4e0b6d1a2c3d"
FIELDS = Fields(
    item_id=UUID(KEY),
    name="The quick brown fox jumps over the lazy dog.",
    price=9.75,
    tags=["new", "fast"],
    created_at=datetime(2026, 11, 1, 12, tzinfo=UTC),
)
BODY = FIELDS.model_dump_json().encode()


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a client that knows CloudEvents reads from the headers."""

    id: str
    type: str
    source: str
    time: datetime
    key: str | None
    traceparent: str | None


@dataclass(frozen=True)
class Task:
    """What a contender is asked to do."""

    action: str
    url: str
    name: str
    """Unlike that of any other run, for whatever it makes on the broker."""
    skipped: int
    """Messages before those that count."""
    counted: int
    result: str
    """The file for what was found."""

    @property
    def is_kafka(self) -> bool:
        """Tell which of the two brokers it is."""
        return self.url.startswith("kafka")

    @property
    def server(self) -> str:
        """The address as Kafka's client takes it."""
        return urlsplit(self.url).netloc

    @property
    def total(self) -> int:
        """How many messages there are."""
        return self.skipped + self.counted


class Meter:
    """The CPU of this process and the time between two of the messages."""

    def __init__(self, task: Task) -> None:
        """Measure from when so many messages are skipped to when the others are counted too."""
        self.done = asyncio.Event()
        self.figures: dict[str, float] = {}
        self._task = task
        self._seen = 0

    def count(self) -> None:
        """Count one message."""
        self._seen += 1
        if self._seen == self._task.skipped:
            self.start()
        elif self._seen == self._task.total:
            self.stop(self._task.counted)

    def start(self) -> None:
        """Begin to measure."""
        self._cpu, self._clock = read_cpu(), time.perf_counter()

    def stop(self, count: int) -> None:
        """Keep what one of so many took."""
        cpu, seconds = read_cpu() - self._cpu, time.perf_counter() - self._clock
        self.figures = {"cpu": cpu / count, "seconds": seconds / count}
        self.done.set()


def read_cpu() -> float:
    """Return the seconds of CPU that this process has used, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(work: Callable[[Task], Awaitable[Mapping[str, float]]]) -> None:
    """Do what the command line asks for, and write what was found."""
    action, url, name, skipped, counted, result = sys.argv[1:]
    task = Task(action, url, name, int(skipped), int(counted), result)
    figures = uvloop.run(work(task))
    Path(task.result).write_text(json.dumps(figures), encoding="utf-8")


async def measure_publishing(task: Task, publish: Callable[[], Awaitable[object]]) -> Meter:
    """Publish with so many in flight, and measure."""
    await publish_many(publish, task.skipped)
    meter = Meter(task)
    gc.collect()
    meter.start()
    await publish_many(publish, task.counted)
    meter.stop(task.counted)
    return meter


async def publish_many(publish: Callable[[], Awaitable[object]], count: int) -> None:
    """Publish so many times."""
    numbers = iter(range(count))

    async def publish_some() -> None:
        for _ in numbers:
            await publish()

    await asyncio.gather(*(publish_some() for _ in range(IN_FLIGHT)))


def write_headers(prefix: str, topic: str) -> dict[str, str]:
    """Return the headers of a new message."""
    return {
        f"{prefix}specversion": "1.0",
        f"{prefix}id": str(uuid4()),
        f"{prefix}type": topic,
        f"{prefix}source": "benchmark",
        f"{prefix}time": datetime.now(UTC).isoformat(),
        f"{prefix}partitionkey": KEY,
        "traceparent": TRACE,
    }


def read_headers(headers: Mapping[str, str], prefix: str) -> Attributes:
    """Return what the headers say."""
    return Attributes(
        id=headers[f"{prefix}id"],
        type=headers[f"{prefix}type"],
        source=headers[f"{prefix}source"],
        time=datetime.fromisoformat(headers[f"{prefix}time"]),
        key=headers.get(f"{prefix}partitionkey"),
        traceparent=headers.get("traceparent"),
    )


def write_amqp(topic: str) -> Message:
    """Return a message for RabbitMQ."""
    headers = write_headers(PREFIXES["amqp"], topic)
    return Message(
        BODY,
        message_id=headers["cloudEvents:id"],
        type=topic,
        timestamp=datetime.now(UTC),
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
        headers=dict(headers),
    )


def write_kafka(topic: str) -> list[tuple[str, bytes]]:
    """Return the headers of a message for Kafka."""
    headers = write_headers(PREFIXES["kafka"], topic)
    headers["content-type"] = "application/json"
    return [(name, value.encode()) for name, value in headers.items()]
