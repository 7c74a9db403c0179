"""What the contract has in many places: moments, texts, forms and profiles."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer

from app.api.exceptions import BLANK
from app.utils.base_model import InputModel, Model, UtcDatetime


def write_moment(moment: datetime) -> str:
    """Return a moment in UTC with milliseconds: 2026-01-31T12:00:00.000Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[UtcDatetime, PlainSerializer(write_moment, when_used="json")]


def refuse_null(value: Any) -> Any:
    """Refuse null where a value may be left out."""
    if value is None:
        raise ValueError(BLANK)
    return value


def refuse_blank(value: str) -> str:
    """Refuse a text of nothing but spaces."""
    if not value.strip():
        raise ValueError(BLANK)
    return value


Text = Annotated[str, BeforeValidator(refuse_null), AfterValidator(refuse_blank)]
"""A text that says something."""


def refuse_control(value: str) -> str:
    """Refuse characters that nobody sees and terminals, logs and mail servers obey."""
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError("must not hold control characters")
    return value


Line = Annotated[Text, AfterValidator(refuse_control)]
"""A text that says something in one line."""


class Form(InputModel):
    """What clients send; front ends send back more of it than they need to, which is ignored.

    Each field has the one name that the contract gives it.
    """

    model_config = ConfigDict(extra="ignore", validate_by_name=False)


class ProfileView(Model):
    """A user as others see them."""

    username: str
    bio: str | None
    image: str | None
    following: bool
