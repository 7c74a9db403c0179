"""Decoding: an event from the bytes that arrived, or why there is none in them."""

from typing import TypeVar

from pydantic import ValidationError

from app.utils.envelope import CONTENT_TYPE, Envelope
from app.utils.message_broker import Event

MAX_PROBLEMS = 10
# Keys of the body are part of it, and may be as long as the body.
MAX_PLACE = 200
MAX_ERROR = 1000

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
            f"{'.'.join(map(str, each['loc']))[:MAX_PLACE] or 'body'}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)[:MAX_PROBLEMS]
        )
        raise UndeliverableError(f"not a {message.topic}: {problems}") from error
    except Exception as error:
        # A validator of the team's may raise anything, and does so again with the same body.
        raise UndeliverableError(f"not a {message.topic}: {repr(error)[:MAX_ERROR]}") from error
