"""The base models: immutable, in UTC, and strict about what comes from outside."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError, create_model

from app.utils.base_model import (
    Email,
    InputModel,
    IsoDate,
    IsoDuration,
    Model,
    Money,
    TimeOfDay,
    UtcDatetime,
)


class Reading(Model):
    """Something measured."""

    value: int = Field(alias="Value", default=0)
    at: UtcDatetime


class Command(InputModel):
    """Something asked for."""

    name: str


def test_a_moment_without_a_zone_is_taken_as_utc() -> None:
    assert Reading(at=datetime(2026, 1, 1)).at == datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001


def test_a_moment_of_another_zone_becomes_utc() -> None:
    east = timezone(timedelta(hours=3))
    assert Reading(at=datetime(2026, 1, 1, 3, tzinfo=east)).at.hour == 0


def test_an_alias_and_a_name_are_both_accepted_and_the_alias_is_written() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert Reading.model_validate({"Value": 1, "at": at}) == Reading(value=1, at=at)
    assert "Value" in Reading(value=1, at=at).model_dump()


def test_a_value_cannot_be_changed() -> None:
    command = Command(name="a")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(command, "name", "b")  # noqa: B010 - the type checker knows it too


def test_input_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Command.model_validate({"name": "a", "nmae": "b"})


GOOD = [
    (IsoDate, "2026-02-28", date(2026, 2, 28)),
    (IsoDate, "0001-01-01", date(1, 1, 1)),
    (TimeOfDay, "23:59", time(23, 59)),
    (TimeOfDay, "00:00:00.000001", time(0, 0, 0, 1)),
    (IsoDuration, "P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
    (IsoDuration, "PT90M", timedelta(minutes=90)),
    (Money, "-12345678901.2345", Decimal("-12345678901.2345")),
    (Money, "0", Decimal(0)),
    (Email, "first.last+tag@mail.example.com", "first.last+tag@mail.example.com"),
    (UtcDatetime, "2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
]
BAD = [
    *((IsoDate, each) for each in ("2026-02-29", "26-01-01", "2026-1-1", "2026-01-01T00:00:00Z")),
    *((IsoDate, each) for each in ("20260101", "1767225600", " 2026-01-01", "202\u0666-01-01")),
    *((TimeOfDay, each) for each in ("24:00", "12:00Z", "12:00:00+01:00", "1:00", "43200")),
    *(
        (IsoDuration, each)
        for each in ("P", "PT", "P99999DT24H", "P1Y", "P1M", "P1W", "-PT1S", "01:00", "3600")
    ),
    *((Money, each) for each in ("1e3", "NaN", "1.00001", "123456789012", "01", "+1", "1_0", ".5")),
    *((Email, each) for each in ("a", "a@b", "a@b..c", "a b@c.de", "a@b.c\n", "ä@b.de", "a@-b.de")),
    *((UtcDatetime, each) for each in ("0", "1767225600", "1e9", "2026-W05", "today")),
]
STRICT = [IsoDate, TimeOfDay, IsoDuration, Money, UtcDatetime]
KINDS = {str(kind): str(number) for number, kind in enumerate([*STRICT, Email])}


def name_case(value: object) -> str:
    """Return how a case is called: the same in every process, where a type has an address."""
    return KINDS.get(str(value), str(value))


@pytest.mark.parametrize(("kind", "text", "value"), GOOD, ids=name_case)
def test_a_value_is_taken_in_its_form_and_written_in_one_that_is_taken(
    kind: Any, text: str, value: object
) -> None:
    adapter = TypeAdapter[Any](kind)
    assert adapter.validate_python(text) == value
    assert adapter.validate_json(adapter.dump_json(value)) == value


@pytest.mark.parametrize(("kind", "text"), BAD, ids=name_case)
def test_a_value_in_another_form_is_refused(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[Any](kind).validate_python(text)


@pytest.mark.parametrize("kind", STRICT, ids=name_case)
@pytest.mark.parametrize("number", [0, 1, -1, 0.5, 1e300, True])
def test_a_number_is_none_of_them(kind: Any, number: object) -> None:
    with pytest.raises(ValidationError, match=r"write a.*, such as "):
        TypeAdapter[Any](kind).validate_python(number)


@pytest.mark.parametrize("kind", [*STRICT, Email], ids=name_case)
@given(text=st.text())
def test_any_text_is_taken_or_refused(kind: Any, text: str) -> None:
    adapter = TypeAdapter[Any](kind)
    try:
        value = adapter.validate_python(text)
    except ValidationError:
        return
    assert adapter.validate_json(adapter.dump_json(value)) == value


@given(length=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=99_999)))
def test_every_duration_is_written_in_the_form_that_is_taken(length: timedelta) -> None:
    adapter = TypeAdapter[Any](IsoDuration)
    assert adapter.validate_json(adapter.dump_json(length)) == length


@pytest.mark.parametrize(
    ("kind", "instead"),
    [
        (date, "IsoDate"),
        (datetime | None, "UtcDatetime"),
        (list[time], "TimeOfDay"),
        (dict[str, tuple[timedelta, ...]], "IsoDuration"),
    ],
    ids=name_case,
)
def test_a_type_that_takes_numbers_too_is_no_field_of_an_input(kind: Any, instead: str) -> None:
    with pytest.raises(TypeError, match=f"^Wanted.at: .* write {instead} of app.utils.base_model"):
        create_model("Wanted", __base__=InputModel, at=(kind, ...))


def test_strict_types_and_types_of_other_modules_are_fields_of_inputs() -> None:
    class Wanted(InputModel):
        at: UtcDatetime | None = None
        days: list[IsoDate] = Field(default_factory=list, max_length=3)
        price: Money = Field(default=Decimal("1.50"), description="what it costs")

    assert Wanted.model_validate({"days": ["2026-01-31"]}).days == [date(2026, 1, 31)]


def test_documents_tell_of_the_form_that_is_taken() -> None:
    described = TypeAdapter(TimeOfDay).json_schema()
    assert (described["type"], described["pattern"][:2]) == ("string", "^(")
    assert TypeAdapter(IsoDate).json_schema()["format"] == "date"
    assert TypeAdapter(UtcDatetime).json_schema()["format"] == "date-time"
