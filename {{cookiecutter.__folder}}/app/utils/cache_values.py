"""Values of the cache as they are stored, and as they come back."""

from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from app.utils.logger import Logger

logger = Logger(__name__)

T = TypeVar("T")


class Hit(NamedTuple, Generic[T]):
    """What was found, which may be None."""

    value: T


@cache
def _adapt(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def encode(value: object) -> bytes:
    """Return a value as it is stored."""
    # By name and without what is computed: this is read back, not shown to clients.
    return to_json(value, by_alias=False, round_trip=True)


def decode(data: bytes, kind: Any) -> Hit[Any] | None:
    """Return what is stored as a `kind`; nothing when it is none."""
    value = None
    try:
        # None is a value of every kind.
        if data != b"null":
            value = _adapt(kind).validate_json(data, by_alias=False, by_name=True)
    except ValidationError:
        logger.debug("stored value is of another kind, reading it as a miss", kind=str(kind))
        return None
    return Hit(value)
