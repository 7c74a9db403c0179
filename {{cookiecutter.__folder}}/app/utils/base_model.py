"""Pydantic's base model with the defaults that a service wants."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, field_validator

SURROGATE = re.compile("[\ud800-\udfff]")
NUMBER = re.compile(r"\s*[-+]?[\d._]+(e[-+]?\d+)?\s*", re.IGNORECASE)
LARGEST = 2**63


def refuse_number(value: object) -> object:
    """Refuse a number as a moment: nobody can tell whether it counts seconds or milliseconds."""
    if isinstance(value, int | float) or (isinstance(value, str) and NUMBER.fullmatch(value)):
        raise ValueError("write a date and time, such as 2026-01-31T12:00:00Z")
    return value


def to_utc(moment: datetime) -> datetime:
    """Return the moment in UTC, taking one without a zone to be in UTC already.

    Raises ValueError for one that is in no year between 1 and 9999 there.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is out of the range of dates in UTC") from error


UtcDatetime = Annotated[datetime, BeforeValidator(refuse_number), AfterValidator(to_utc)]
"""A datetime field that is always aware and always in UTC."""


class Model(BaseModel):
    """A value: immutable, readable from ORM rows, accepting field names beside aliases."""

    model_config = ConfigDict(
        frozen=True,
        from_attributes=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class InputModel(Model):
    """A value from outside: what nobody declared, or cannot be stored, is an error."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def refuse_unstorable(cls, value: Any) -> Any:
        """Refuse text with NUL or halves of characters, and whole numbers beyond 64 bits."""
        check_storable(value)
        return value


def check_storable(value: object) -> None:
    """Raise ValueError for a value that cannot be stored everywhere."""
    match value:
        case str():
            # JSON can spell half of a surrogate pair, which no encoding has.
            if "\0" in value or (not value.isascii() and SURROGATE.search(value)):
                raise ValueError("it holds a character that cannot be stored")
        case int():
            if not -LARGEST <= value < LARGEST:
                raise ValueError("it is beyond 64 bits")
        case dict():
            check_storable([*value.keys(), *value.values()])
        case list() | tuple() | set() | frozenset():
            for each in value:
                check_storable(each)
