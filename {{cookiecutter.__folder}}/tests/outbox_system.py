"""Relays, a broker with moods and a team that emits: what the order of the outbox is tried with."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.database import Database
from app.services.outbox.deferral import MAX_DELAY_SECONDS
from app.services.outbox.figures import retry_failed
from app.services.outbox.relay import OutboxRelay
from app.tables import OutboxMessage
from app.utils.broker_errors import (
    MessageRefusedError,
    PublishError,
    TopicUnavailableError,
    UnroutableError,
)
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event
from tests.kit.clock import Clock
from tests.outbox_broker import Happened, Seen
from tests.outbox_kit import emit, relay_everything

TOPICS: dict[str, type[Event]] = {Happened.topic: Happened, Seen.topic: Seen}


# Two of the same shard, and one of another.
KEYS = ("one", "thirteen", "two")


RELAYS = 2


@dataclass
class Moody:
    """A broker that refuses topics, or does not answer, as it is told."""

    room: dict[str, int] = field(default_factory=dict)
    """How many messages a full queue still takes."""
    unroutable: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    until_lost: int | None = None
    published: list[Envelope] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    troubled: set[str] = field(default_factory=set)
    """Topics that were ever refused."""

    def change(self, mood: tuple[Any, ...]) -> None:
        match mood:
            case ("unroutable", topic):
                self.unroutable.add(topic)
                self.troubled.add(topic)
            case ("full", topic, room):
                self.room[topic] = room
                self.troubled.add(topic)
            case ("take", topic):
                self.unroutable.discard(topic)
                self.room.pop(topic, None)
            case ("refuse the next", topic):
                self.refusing.add(topic)
            case ("lose the connection", after):
                self.until_lost = after
            case ("connect",):
                self.until_lost = None

    async def publish(self, message: Envelope) -> None:
        await asyncio.sleep(0)
        topic = message.topic
        if self.until_lost == 0:
            raise PublishError("the connection is lost")
        if self.until_lost is not None:
            self.until_lost -= 1
        if topic in self.refusing:
            self.refusing.remove(topic)
            self.refused.add(message.id)
            raise MessageRefusedError(topic)
        if topic in self.unroutable:
            raise UnroutableError(topic)
        if topic in self.room:
            if self.room[topic] == 0:
                raise TopicUnavailableError(topic)
            self.room[topic] -= 1
        self.published.append(message)


class System:
    """A service with two relays and its broker, and what it has committed."""

    def __init__(self, opened: Container, clock: Clock) -> None:
        self.opened = opened
        self.clock = clock
        self.broker = Moody()
        self.relays = [OutboxRelay(opened) for _ in range(RELAYS)]
        self.committed: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        self.number = 0

    async def do(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("emit", topic, key, count):
                for _ in range(count):
                    self.number += 1
                    await emit(self.opened, TOPICS[topic](number=self.number, thing=key))
                    self.committed[topic, key].append(self.number)
            case ("wait", seconds):
                self.clock.advance(seconds)
            case ("relay", which):
                await relay_everything(self.relays[which])
                await self.check_others()
            case ("relay with all",):
                await asyncio.gather(*map(relay_everything, self.relays))
            case ("restart", which):
                self.relays[which] = OutboxRelay(self.opened)
            case ("retry",):
                async with self.opened[Database].begin() as session:
                    await retry_failed(session)
            case mood:
                self.broker.change(mood)

    async def check_others(self) -> None:
        """Check that nothing is held up of topics that the broker has always taken."""
        if self.broker.until_lost is not None:
            return
        async with self.opened[Database].sessions() as session:
            rows = (await session.scalars(select(OutboxMessage))).all()
        refused = self.broker.refused
        left = {row.topic for row in rows if row.message_id not in refused}
        assert left <= self.broker.troubled

    async def end(self) -> None:
        """Let everything be published."""
        self.broker.unroutable.clear()
        self.broker.refusing.clear()
        self.broker.room.clear()
        self.broker.until_lost = None
        await self.do(("retry",))
        for _ in range(3):
            self.clock.advance(MAX_DELAY_SECONDS)
            await relay_everything(self.relays[0])

    def find_published(
        self, is_in: Callable[[Envelope], bool]
    ) -> dict[tuple[str, str | None], list[int]]:
        found = defaultdict(list)
        for message in filter(is_in, self.broker.published):
            number = Happened.model_validate_json(message.body).number
            found[message.topic, message.key].append(number)
        return found
