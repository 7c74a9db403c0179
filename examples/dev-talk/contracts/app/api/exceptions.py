"""What clients get when something is wrong: the RealWorld contract's body, made in one function.

`{"errors": {"article": ["not found"]}}`. Business code names the key before the message:
`NotFoundError("article: not found")`.
"""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import Field

from app.utils.base_model import Model

MEDIA_TYPE = "application/json"
KEYED = re.compile(r"(?P<key>[a-zA-Z]+): (?P<message>.+)", re.DOTALL)
# What the contract calls a value that is missing or empty.
BLANK = "can't be blank"
FIELD_REQUIRED = "Field required"
FIRST_SERVER_ERROR = 500


class Problem(Model):
    """What is wrong: messages, by what each is about."""

    errors: dict[str, list[str]] = Field(examples=[{"title": [BLANK]}])


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return the answer that tells a client what is wrong; every layer answers with it."""
    errors = collect(members.get("errors", ())) or split(status, detail)
    return JSONResponse({"errors": errors}, status, headers, media_type=MEDIA_TYPE)


def split(status: int, detail: str) -> dict[str, list[str]]:
    """Return the message behind the key that it names, or one that says whose fault it is."""
    if found := KEYED.fullmatch(detail):
        return {found["key"]: [found["message"]]}
    return {"request" if status < FIRST_SERVER_ERROR else "service": [detail]}


def collect(fields: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the messages of wrong fields, by the last name on the way to each."""
    errors: dict[str, list[str]] = {}
    for each in fields:
        names = [step for step in each["field"].split(".") if not step.isdigit()]
        errors.setdefault(names[-1] if names else "body", []).append(word(each["message"]))
    return errors


def word(message: str) -> str:
    """Return a message of the validation in the contract's words."""
    return BLANK if message == FIELD_REQUIRED else message.removeprefix("Value error, ")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare which problems a route may answer, for its `responses`."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses
    }
