"""`just dlq`, as far as it goes without a server."""

import sys

import pytest

from app.commands import dead_letters as command
from app.core.errors import StartupError
from app.services.dead_letters import DeadLetters
from app.services.memory_broker import MemoryBroker
from app.utils.envelope import Envelope
from app.utils.topology import Group, Topic

GROUP = Group(name="shop.record", topic=Topic(name="order.placed"))


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["just dlq", *words])
    with pytest.raises(SystemExit) as caught:
        command.main()
    return str(caught.value)


@pytest.mark.usefixtures("core")
def test_a_broker_in_memory_has_none_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "list").startswith("BROKER_URL: ")


@pytest.mark.usefixtures("core")
def test_nothing_is_replayed_without_being_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "replay", "record_item") == "2"
    assert "name ids, or say --all" in capsys.readouterr().err


async def test_one_is_shown_with_its_place_and_what_was_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    headers = {
        "dead-letter-reason": "failed",
        "dead-letter-error": "KeyError('EUR')",
        "dead-letter-frames": "app.domain.prices:7 look_up < app.domain.service:31 pay",
        "dead-letter-trimmed": "1: x-large (100007 bytes)",
    }
    broker = MemoryBroker()
    dead = Envelope(id="7", topic="order.placed", body=b"{}", source="tests", headers=headers)
    await broker.send(GROUP.dead, dead)
    await command.show_letter(DeadLetters(broker=broker, group=GROUP), "7")
    lines = capsys.readouterr().out.splitlines()
    assert "at        app.domain.prices:7 look_up" in lines
    assert "at        app.domain.service:31 pay" in lines
    assert "trimmed   1: x-large (100007 bytes)" in lines


@pytest.mark.usefixtures("core")
def test_an_unknown_subscription_is_named_with_those_there_are() -> None:
    with pytest.raises(StartupError, match="none is no subscription; there are: record"):
        command.find("none", {"record": GROUP})
