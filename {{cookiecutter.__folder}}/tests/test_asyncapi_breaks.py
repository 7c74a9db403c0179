"""Changes of events that break others, one by one, and those that break nobody."""

from typing import Any

import pytest
from pydantic import create_model

from app.core.config import CoreSettings
from app.services.asyncapi import Receiver, build_document
from app.services.compatibility import find_breaks
from app.utils.message_broker import Event
from tests.asyncapi_changes import BOTH, RECEIVED, SENT, Fields


def describe(core: CoreSettings, fields: Fields, *, sent: bool, received: bool) -> dict[str, Any]:
    sender = None if sent else "another"
    model: type[Event] = create_model(
        "Happened", __base__=Event, __cls_kwargs__={"topic": "it", "sent_by": sender}, **fields
    )
    receivers = [Receiver(name="hear", event=model)] if received else []
    return build_document(core.service, [model], receivers)


@pytest.mark.parametrize(
    ("changes", "sent", "received"),
    [
        pytest.param(changes, name != "received", name != "sent", id=f"{name}: {each}")
        for name, table in {"sent": SENT, "received": RECEIVED, "both": BOTH}.items()
        for each, changes in table.items()
    ],
)
def test_a_change_of_an_event_is_judged(
    core: CoreSettings, changes: tuple[Fields, Fields, str], *, sent: bool, received: bool
) -> None:
    before, after, said = changes
    old, new = (describe(core, fields, sent=sent, received=received) for fields in (before, after))
    found = [line.partition(": ")[2].partition(":")[0] for line in find_breaks(old, new)]
    assert found == ([said] if said else [])


def test_a_break_is_one_line_that_says_what_to_do(core: CoreSettings) -> None:
    old, new = (
        describe(core, fields, sent=True, received=False) for fields in ({"a": int}, {"a": str})
    )
    assert find_breaks(old, new) == [
        "it: a was integer and is now string: "
        "keep it as it was, or send a new event on a topic of its own"
    ]


def test_an_event_that_another_service_sends_from_now_on_is_a_break(core: CoreSettings) -> None:
    old, new = (describe(core, {}, sent=sent, received=True) for sent in (True, False))
    assert find_breaks(old, new) == [
        "it is not sent any more: send it until nobody listens any more"
    ]


def test_an_event_that_is_not_received_any_more_hurts_nobody(core: CoreSettings) -> None:
    old, new = (describe(core, {}, sent=False, received=received) for received in (True, False))
    assert find_breaks(old, new) == []


def test_another_name_of_the_class_hurts_nobody(core: CoreSettings) -> None:
    old, new = (
        build_document(
            core.service, [create_model(name, __base__=Event, __cls_kwargs__={"topic": "it"})], []
        )
        for name in ("Happened", "HasHappened")
    )
    assert find_breaks(old, new) == []
