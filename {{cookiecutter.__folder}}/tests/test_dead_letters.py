"""Dead letters: looked at, handed to their group again, deleted."""

import sys

import pytest

from app.commands import dead_letters as command
from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.services.dead_letters import DeadLetters, Reason, mark_dead, revive
from app.services.memory_broker import MemoryBroker
from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming
from app.utils.topology import Group, Topic

GROUP = Group(name="shop.record", topic=Topic(name="order.placed"))


def make_dead(number: int = 1) -> Envelope:
    message = Envelope(
        id=f"id-{number}",
        topic="order.placed",
        body=b"{}",
        source="tests",
        attempt=5,
        headers={"tenant": "acme"},
    )
    return mark_dead(Incoming(message=message, origin="here"), Reason.FAILED, ValueError("a\nb"))


@pytest.fixture
async def letters() -> DeadLetters:
    broker = MemoryBroker()
    for number in range(3):
        await broker.send(GROUP.dead, make_dead(number))
    return DeadLetters(broker=broker, group=GROUP)


async def list_ids(letters: DeadLetters, place: str) -> list[str]:
    return [message.id async for message in letters.broker.browse(place)]


def test_what_is_known_of_its_end_fits_a_header() -> None:
    assert make_dead().headers["dead-letter-error"] == "ValueError('a\\nb')"
    assert make_dead().headers["dead-letter-attempts"] == "5"


def test_a_revived_message_is_as_it_was() -> None:
    revived = revive(make_dead(), as_new=False)
    assert (revived.id, revived.attempt, revived.topic) == ("id-1", 1, "order.placed")
    assert revived.headers == {"tenant": "acme", "retry-topic": "order.placed"}


def test_as_new_it_has_another_id() -> None:
    assert revive(make_dead(), as_new=True).id != "id-1"


async def test_those_chosen_are_handed_to_their_group_again(letters: DeadLetters) -> None:
    assert await letters.replay(lambda message: message.id == "id-1") == 1
    assert await list_ids(letters, GROUP.rung(0)) == ["id-1"]
    assert await list_ids(letters, GROUP.dead) == ["id-0", "id-2"]


async def test_those_chosen_are_deleted(letters: DeadLetters) -> None:
    assert await letters.purge(lambda message: message.id != "id-1") == 2
    assert await list_ids(letters, GROUP.dead) == ["id-1"]


@pytest.mark.usefixtures("core")
class TestCommand:
    """`just dlq`, as far as it goes without a server."""

    def run(self, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["just dlq", *words])
        with pytest.raises(SystemExit) as caught:
            command.main()
        return str(caught.value)

    def test_a_broker_in_memory_has_none_to_look_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.run(monkeypatch, "list").startswith("BROKER_URL: ")

    def test_nothing_is_replayed_without_being_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(monkeypatch, "replay", "record_item") == "2"
        assert "name ids, or say --all" in capsys.readouterr().err


def test_an_unknown_subscription_is_named_with_those_there_are(core: CoreSettings) -> None:
    del core
    with pytest.raises(StartupError, match="none is no subscription; there are: record"):
        command.find("none", {"record": GROUP})
