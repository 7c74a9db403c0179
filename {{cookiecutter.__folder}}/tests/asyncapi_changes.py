"""Changes of events, and what is said of each: nothing where nobody is hurt."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

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
