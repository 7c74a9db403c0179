"""Changes of events that break others, one by one, and those that break nobody."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from app.core.config import CoreSettings
from app.services.asyncapi import Receiver, build_document
from app.services.compatibility import find_breaks
from app.utils.message_broker import Event

Fields = dict[str, Any]


class Line(BaseModel):
    price: int


class PricelessLine(BaseModel):
    name: str


class StrictLine(Line):
    model_config = ConfigDict(extra="forbid")


class StrictNamedLine(StrictLine):
    name: str


class Tree(BaseModel):
    name: str
    branches: list["Tree"]


class ThinTree(BaseModel):
    branches: list["ThinTree"]


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


# What an event had, what it has now, and what is said of it; nothing where nobody is hurt.
SENT: dict[str, tuple[Fields, Fields, str]] = {
    "a new field": ({"a": int}, {"a": int, "b": int}, ""),
    "a new field with a default": ({"a": int}, {"a": int, "b": (int, 0)}, ""),
    "a default": ({"a": int}, {"a": (int, 0)}, ""),
    "a description": ({"a": int}, {"a": (int, Field(description="A."))}, ""),
    "fewer choices": ({"a": Colour}, {"a": Literal["red"]}, ""),
    "text of a kind": ({"a": str}, {"a": UUID}, ""),
    "always there": ({"a": int | None}, {"a": int}, ""),
    "whole numbers": ({"a": float}, {"a": int}, ""),
    "a tree": ({"a": Tree}, {"a": Tree}, ""),
    "anything, now something": ({"a": Any}, {"a": int}, ""),
    "another place": ({"a": int, "b": str}, {"b": str, "a": int}, ""),
    "a field is gone": ({"a": int, "b": int}, {"a": int}, "b is gone"),
    "another type": ({"a": int}, {"a": str}, "a was integer and is now string"),
    "another format": (
        {"a": UUID},
        {"a": datetime},
        "a was string (uuid) and is now string (date-time)",
    ),
    "any text": ({"a": UUID}, {"a": str}, "a was string (uuid) and is now string"),
    "perhaps null": ({"a": int}, {"a": int | None}, "a was integer and is now integer or null"),
    "perhaps another": ({"a": int}, {"a": int | str}, "a was integer and is now integer or string"),
    "fractions": ({"a": int}, {"a": float}, "a was integer and is now number"),
    "one more choice": (
        {"a": Literal["red"]},
        {"a": Colour},
        "a was 'red' and is now 'red' or 'blue'",
    ),
    "something, now anything": ({"a": int}, {"a": Any}, "a was integer and is now anything"),
    "inside a list": (
        {"a": list[Line]},
        {"a": list[PricelessLine]},
        "a[].price is gone",
    ),
    "inside a table": (
        {"a": dict[str, int]},
        {"a": dict[str, str]},
        "a.* was integer and is now string",
    ),
    "inside a tuple": (
        {"a": tuple[int, str]},
        {"a": tuple[int, int]},
        "a[] was string and is now integer",
    ),
    "a longer tuple": (
        {"a": tuple[int, int]},
        {"a": tuple[int, int, int]},
        "a has another length",
    ),
    "inside a tree": ({"a": Tree}, {"a": ThinTree}, "a.name is gone"),
    "in one of several": (
        {"a": Line | None},
        {"a": PricelessLine | None},
        "a.price is gone",
    ),
    "more than was allowed": (
        {"a": StrictLine},
        {"a": StrictNamedLine},
        "a.name is new",
    ),
}
RECEIVED: dict[str, tuple[Fields, Fields, str]] = {
    "a new field with a default": ({"a": int}, {"a": int, "b": (int, 0)}, ""),
    "a new field with a factory": (
        {"a": int},
        {"a": int, "b": (list[int], Field(default_factory=list))},
        "",
    ),
    "a field that nobody reads": ({"a": int, "b": int}, {"a": int}, ""),
    "perhaps null": ({"a": int}, {"a": int | None}, ""),
    "one more choice": ({"a": Literal["red"]}, {"a": Colour}, ""),
    "a new required field": ({"a": int}, {"a": int, "b": int}, "b is required now"),
    "no default": ({"a": (int, 0)}, {"a": int}, "a is required now"),
    "another type": ({"a": int}, {"a": str}, "a was integer and is now string"),
    "fewer choices": (
        {"a": Colour},
        {"a": Literal["red"]},
        "a was 'red' or 'blue' and is now 'red'",
    ),
    "never null": ({"a": int | None}, {"a": int}, "a was integer or null and is now integer"),
    "no more than this": (
        {"a": StrictNamedLine},
        {"a": StrictLine},
        "a.name is refused now",
    ),
}
BOTH: dict[str, tuple[Fields, Fields, str]] = {
    "a new field with a default": ({"a": int}, {"a": int, "b": (int, 0)}, ""),
    "a new field with a factory": (
        {"a": int},
        {"a": int, "b": (list[int], Field(default_factory=list))},
        "",
    ),
    "another type, said once": ({"a": int}, {"a": str}, "a was integer and is now string"),
    "a new field": ({"a": int}, {"a": int, "b": int}, "b is required now"),
}


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
