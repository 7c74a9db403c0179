"""Dead letters of a group: handed to it again, deleted."""

import pytest

from app.services.dead_letters import DeadLetters
from app.services.memory_broker import MemoryBroker
from app.utils.broker_errors import MessageRefusedError
from app.utils.envelope import Envelope
from app.utils.topology import Group, Topic

GROUP = Group(name="shop.record", topic=Topic(name="order.placed"))


@pytest.fixture
async def letters() -> DeadLetters:
    broker = MemoryBroker()
    for number in range(3):
        dead = Envelope(id=f"id-{number}", topic="order.placed", body=b"{}", source="tests")
        await broker.send(GROUP.dead, dead)
    return DeadLetters(broker=broker, group=GROUP)


async def list_ids(letters: DeadLetters, place: str) -> list[str]:
    return [message.id async for message in letters.broker.browse(place)]


async def test_those_chosen_are_handed_to_their_group_again(letters: DeadLetters) -> None:
    assert await letters.replay(lambda message: message.id == "id-1") == 1
    assert await list_ids(letters, GROUP.rung(0)) == ["id-1"]
    assert await list_ids(letters, GROUP.dead) == ["id-0", "id-2"]


async def test_one_that_is_refused_stays_and_the_others_are_replayed(
    letters: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = letters.broker.send

    async def refuse_one(place: str, message: Envelope) -> None:
        if message.id == "id-1":
            raise MessageRefusedError("too large")
        await send(place, message)

    monkeypatch.setattr(letters.broker, "send", refuse_one)
    assert await letters.replay(lambda _: True) == 2
    assert await list_ids(letters, GROUP.rung(0)) == ["id-0", "id-2"]
    assert await list_ids(letters, GROUP.dead) == ["id-1"]
    assert letters.refused == ["id-1 (too large)"]


async def test_those_chosen_are_deleted(letters: DeadLetters) -> None:
    assert await letters.purge(lambda message: message.id != "id-1") == 2
    assert await list_ids(letters, GROUP.dead) == ["id-1"]
