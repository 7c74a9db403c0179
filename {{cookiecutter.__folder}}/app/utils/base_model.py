"""Pydantic's base model with the defaults that a service wants."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

SURROGATE = re.compile("[\ud800-\udfff]")
LARGEST = 2**63


class Form:
    """How a value is written, which is the only way in which it is taken.

    Pydantic takes more: a number for a moment, of which nobody can tell whether it counts seconds
    or milliseconds, or a moment for a date.
    """

    def __init__(self, what: str, pattern: str, example: str, name: str | None = None) -> None:
        """Take what matches; `name` is the format of JSON Schema, if it is one."""
        self._what = what
        self._pattern = re.compile(pattern, re.ASCII)
        self._example = example
        self._name = name

    def check(self, value: object) -> object:
        """Accept text of this form, and what is no text and no number."""
        if isinstance(value, int | float) or (
            isinstance(value, str | bytes) and not self._fits(value)
        ):
            raise ValueError(f"write {self._what}, such as {self._example}")
        return value

    def _fits(self, value: str | bytes) -> bool:
        return isinstance(value, str) and self._pattern.fullmatch(value) is not None

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check before anything is understood."""
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, __: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say in documents what is taken."""
        described = (
            {"format": self._name} if self._name else {"pattern": f"^{self._pattern.pattern}$"}
        )
        return {"type": "string", "examples": [self._example], **described}


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


MOMENT = r"\d{4}-\d\d-\d\d([Tt _]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*([Zz]|[+-]\d\d(:?\d\d)?)?)?"
UtcDatetime = Annotated[
    datetime,
    Form("a date and time", MOMENT, "2026-01-31T12:00:00Z", "date-time"),
    AfterValidator(to_utc),
]
"""A datetime field that is always aware and always in UTC."""
IsoDate = Annotated[date, Form("a date", r"\d{4}-\d\d-\d\d", "2026-01-31", "date")]
"""A day of the calendar, without a time."""
TimeOfDay = Annotated[
    time,
    # No format of JSON Schema: that one has a zone, which means little without a day.
    Form("a time of day", r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?", "12:30:00"),
]
"""A time on the clock of a place, without a zone."""
# Without looking ahead: who makes up requests from the document could not follow that.
SECONDS = r"\d{1,9}(\.\d{1,6})?S"
MINUTES = r"\d{1,8}M(" + SECONDS + ")?"
MOST_DAYS = 99_999
CLOCK = r"T(\d{1,6}H(" + f"{MINUTES}|{SECONDS})?|{MINUTES}|{SECONDS})"


def write_duration(length: timedelta) -> str:
    """Return the form that is taken: Pydantic's own has years, of 365 days."""
    sign, length = ("-", -length) if length < timedelta(0) else ("", length)
    seconds = f"{length.seconds}.{length.microseconds:06}".rstrip("0").rstrip(".")
    days = f"{length.days}D" if length.days else ""
    clock = "" if days and seconds == "0" else f"T{seconds}S"
    return f"{sign}P{days}{clock}"


def limit_duration(length: timedelta) -> timedelta:
    """Raise ValueError for one whose days have more digits than are taken."""
    if length.days > MOST_DAYS:
        raise ValueError(f"it is longer than {MOST_DAYS} days")
    return length


IsoDuration = Annotated[
    timedelta,
    # Years and months are not always equally long.
    Form("a duration", r"P(\d{1,5}D(" + f"{CLOCK})?|{CLOCK})", "P1DT12H30M"),
    AfterValidator(limit_duration),
    PlainSerializer(write_duration, when_used="json"),
]
"""A length of time, in days and less; not negative."""
Money = Annotated[
    Decimal,
    # Fifteen digits are what floating point, where it is stored as such, keeps exactly.
    Form("an amount, as text", r"-?(0|[1-9]\d{0,10})(\.\d{1,4})?", "1234.50"),
]
"""An amount, which is no floating-point number on any way."""
# https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address, and 254 characters of RFC
# 5321.
LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
ADDRESS = r"(?=.{1,254}$)[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@" + LABEL + r"(\." + LABEL + ")+"
Email = Annotated[str, Form("an e-mail address", ADDRESS, "jane@example.com", "email")]
"""An e-mail address as browsers take it."""

# Plain types that take numbers too, and what to write instead.
LOOSE = {
    date: "IsoDate",
    datetime: "UtcDatetime",
    time: "TimeOfDay",
    timedelta: "IsoDuration",
}


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

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Raise TypeError for fields of types that take more than one form."""
        for name, field in cls.model_fields.items():
            for loose in find_loose(Annotated[field.annotation, *field.metadata, None]):
                raise TypeError(
                    f"{cls.__name__}.{name}: {loose.__name__} also takes numbers, "
                    f"write {LOOSE[loose]} of app.utils.base_model instead"
                )

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


def find_loose(hint: Any) -> Iterator[type]:
    """Yield the types in an annotation that take more than one form."""
    if get_origin(hint) is Annotated:
        kind, *metadata = get_args(hint)
        if not any(isinstance(each, Form) for each in metadata):
            yield from find_loose(kind)
    elif isinstance(hint, type) and hint in LOOSE:
        yield hint
    else:
        for each in get_args(hint):
            yield from find_loose(each)
