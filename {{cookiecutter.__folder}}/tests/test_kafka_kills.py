"""Members of a group on Kafka that are killed with a message in hand: run with TEST_KAFKA_URL.

Each partition has more messages than are committed one by one at first.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from app.services.kafka.lane import BATCH
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group, Topic, Topology
from tests.broker_kit import PATIENCE_SECONDS
from tests.holding_handler import pause
from tests.kafka_kit import URL, KafkaFixtures, find_committed
from tests.kafka_raw import make_batch, make_record, write_batch

ROOT = Path(__file__).parents[1]
BEFORE = (0, 1, BATCH - 1, BATCH, BATCH + 50, 3 * BATCH)
"""How many messages are handled before the one that is in hand when the process is killed."""


class Members:
    """Processes of a group, and what they tell of the messages."""

    def __init__(self, group: Group, file: Path) -> None:
        self._group = group
        self._file = file

    def read(self, kind: str) -> set[bytes]:
        """Return the bodies of the messages that were begun, or done."""
        return {*self._list(kind)}

    def has_done(self, count: int) -> bool:
        """Tell whether so many messages were done."""
        return len(self.read("done")) >= count

    def count_done(self) -> int:
        """Count what was done, again each time that it was done again."""
        return len(self._list("done"))

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Run a member, and kill it at the end."""
        name, topic = self._group.name, self._group.topic.name
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.kafka_member", name, topic, str(self._file)),
            cwd=ROOT,
            env={"TEST_KAFKA_URL": URL},
        )
        try:
            yield
        finally:
            process.kill()
            await process.wait()

    def _list(self, kind: str) -> list[bytes]:
        lines = self._file.read_bytes().splitlines() if self._file.exists() else []
        return [line.split()[2] for line in lines if line.startswith(kind.encode())]

    def go_on(self) -> None:
        """Let slow messages be handled as others are."""
        self._file.with_name("go-on").touch()


async def write(group: Group, partition: int, *bodies: bytes) -> None:
    """Write messages to a partition, in one batch."""
    records = (make_record(number, body) for number, body in enumerate(bodies))
    await write_batch(group.topic.name, make_batch(*records), partition)


async def wait_for(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_true():
            await pause()


class TestKafkaKills(KafkaFixtures):
    """No message is lost, wherever in a partition the process was killed."""

    @pytest.fixture
    async def wide_group(self, broker: MessageBroker, group: Group) -> Group:
        """The group, whose topic has a partition for each case and one beside."""
        topology = Topology(partitions=len(BEFORE) + 1, replicas=1)
        wide = replace(group, topic=Topic(name=group.topic.name, topology=topology))
        await broker.apply([wide.topic], [wide])
        return wide

    @pytest.fixture
    def members(self, wide_group: Group, tmp_path: Path) -> Members:
        return Members(wide_group, tmp_path / "messages")

    async def test_what_was_in_hand_is_handled_by_the_next_process(
        self, wide_group: Group, members: Members
    ) -> None:
        held = {b"slow-%d" % number for number in BEFORE}
        for partition, number in enumerate(BEFORE):
            first = (b"%d-%d" % (partition, each) for each in range(number))
            await write(wide_group, partition, *first, b"slow-%d" % number, b"behind-%d" % number)
        async with members.run():
            await wait_for(lambda: held <= members.read("begun"))
            # Whatever another partition has done is committed, and with it what is done in these.
            for number in range(3):
                committed = await self.find_end(wide_group, len(BEFORE))
                bodies = (b"%d-%d" % (number, each) for each in range(BATCH))
                await write(wide_group, len(BEFORE), *bodies)
                await self.wait_for_commit(wide_group, len(BEFORE), behind=committed)
        assert not held & members.read("done")
        members.go_on()
        behind = {b"behind-%d" % number for number in BEFORE}
        async with members.run():
            await wait_for(lambda: held | behind <= members.read("done"))

    async def test_killed_again_and_again_a_group_handles_everything(
        self, wide_group: Group, members: Members
    ) -> None:
        sent = {b"%d-%d" % (at, number) for at in range(2) for number in range(4 * BATCH)}
        for at in range(2):
            await write(wide_group, at, *(b"%d-%d" % (at, each) for each in range(4 * BATCH)))
        for enough in (150, 400):
            async with members.run():
                await wait_for(partial(members.has_done, enough))
        async with members.run():
            await wait_for(lambda: members.read("done") == sent)
        # Each kill takes back no more than what may be done and not committed.
        assert members.count_done() <= len(sent) + 2 * 2 * (BATCH + 1)

    async def find_end(self, group: Group, partition: int) -> int:
        """Return what is committed of a partition."""
        found = await find_committed(group)
        return found.get(TopicPartition(group.topic.name, partition), -1)

    async def wait_for_commit(self, group: Group, partition: int, *, behind: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.find_end(group, partition) <= behind:
                await pause()
