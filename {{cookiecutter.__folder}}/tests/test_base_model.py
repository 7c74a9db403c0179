"""The base models: immutable, in UTC, and strict about what comes from outside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import Field, ValidationError

from app.utils.base_model import InputModel, Model, UtcDatetime


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
