"""Decoding: an event from the bytes that arrived, or why there is none in them."""

from typing import TypeVar

from pydantic import ValidationError

from app.utils.envelope import CONTENT_TYPE, Envelope
from app.utils.message_broker import Event

MAX_PROBLEMS = 10

Decoded = TypeVar("Decoded", bound=Event)


class UndeliverableError(ValueError):
    """The message is not what its subscription expects; trying again would not help."""


def decode(message: Envelope, event: type[Decoded]) -> Decoded:
    """Return the event; raises UndeliverableError for what is none."""
    kind = message.content_type
    if kind != CONTENT_TYPE and kind.partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise UndeliverableError(f"{kind!r} is not {CONTENT_TYPE}")
    try:
        return event.model_validate_json(message.body)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)[:MAX_PROBLEMS]
        )
        raise UndeliverableError(f"not a {message.topic}: {problems}") from error
