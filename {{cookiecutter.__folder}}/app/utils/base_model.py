"""Pydantic's base model with the defaults that a service wants."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def to_utc(moment: datetime) -> datetime:
    """Return the moment in UTC, taking one without a zone to be in UTC already."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


UtcDatetime = Annotated[datetime, AfterValidator(to_utc)]
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
    """A value from outside: a field that nobody declared is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid")
