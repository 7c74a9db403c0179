"""`just dlq`, as far as it goes without a server."""

import sys

import pytest

from app.commands import dead_letters as command
from app.core.errors import StartupError
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


@pytest.mark.usefixtures("core")
def test_an_unknown_subscription_is_named_with_those_there_are() -> None:
    with pytest.raises(StartupError, match="none is no subscription; there are: record"):
        command.find("none", {"record": GROUP})
