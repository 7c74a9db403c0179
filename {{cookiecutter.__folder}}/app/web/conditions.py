"""Conditional requests: entity tags, If-Match and If-None-Match (RFC 9110, section 13)."""

from typing import Annotated

from fastapi import Depends, Header
from starlette.exceptions import HTTPException

MATCH = Header(
    alias="If-Match",
    max_length=1000,
    description="Change it only if it still is what this entity tag stands for.",
    examples=['"1"'],
)
NONE_MATCH = Header(
    alias="If-None-Match",
    max_length=1000,
    description="Answer 304 if it still is what this entity tag stands for.",
    examples=['"1"'],
)


class Conditions:
    """What a request says about the version that its client knows."""

    def __init__(self, match: str | None = None, none_match: str | None = None) -> None:
        """Read the values of the headers."""
        self._match = split_tags(match)
        self._none_match = split_tags(none_match)

    def require_match(self, etag: str) -> None:
        """Answer 428 to a change that names no version, and 412 to one of another version."""
        if not self._match:
            raise HTTPException(428, "say in If-Match which version you change, by its ETag")
        # A weak tag never matches here: it does not promise that all bytes are the same.
        if self._match != ["*"] and etag not in self._match:
            raise HTTPException(412, "it has changed since: read it again")

    def check_none_match(self, etag: str) -> None:
        """Answer 304 when the client has this version."""
        known = [tag.removeprefix("W/") for tag in self._none_match]
        if known == ["*"] or etag.removeprefix("W/") in known:
            raise HTTPException(304, headers={"etag": etag})


async def read_conditions(
    match: Annotated[str | None, MATCH] = None,
    none_match: Annotated[str | None, NONE_MATCH] = None,
) -> Conditions:
    """Return the conditions that a request has."""
    return Conditions(match, none_match)


RequestConditions = Annotated[Conditions, Depends(read_conditions)]
"""For routes that read or change what has versions."""


def make_etag(version: object) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def split_tags(header: str | None) -> list[str]:
    """Return the entity tags of a header."""
    return [tag.strip() for tag in (header or "").split(",") if tag.strip()]
