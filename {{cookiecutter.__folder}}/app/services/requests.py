"""Ask another service over the broker, and wait for its reply."""

from datetime import datetime, timedelta
from typing import TypeVar, cast

from pydantic import BaseModel, TypeAdapter

from app.core.config import CoreSettings
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from app.core.message_spans import trace_publish
from app.core.tracing import current_trace
from app.utils.broker_errors import BrokerError, UnroutableError
from app.utils.clock import now
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.requests import RemoteError, ReplyTimeoutError, Request

DEADLINE_HEADER = "request-deadline"
ERROR_HEADER = "reply-error"
# Those that mean the same on both sides; every other is a RemoteError to whoever asked.
SHARED: dict[str, type[Exception]] = {
    each.__name__: each
    for each in (ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnavailableError)
}

Reply = TypeVar("Reply", bound=BaseModel)


class RequestClient:
    """Ask whoever answers a request: `task = await client.ask(GetTask(number=7))`."""

    def __init__(self, opened: Container) -> None:
        """Ask on behalf of the service."""
        self._broker = opened[MessageBroker]
        self._name = opened[CoreSettings].service.name

    async def ask(self, request: Request[Reply], *, seconds: float = 5.0) -> Reply:
        """Return the reply.

        Raises ReplyTimeoutError when it does not come in time, UnavailableError when nobody is
        there to answer, what the other side raised if both know the error, else RemoteError.
        Nothing is asked twice: after a timeout, it may have been done or not.
        """
        trace = current_trace()
        message = Envelope(
            topic=request.topic,
            body=request.model_dump_json().encode(),
            source=self._name,
            traceparent=trace.traceparent if trace else None,
            headers={DEADLINE_HEADER: (now() + timedelta(seconds=seconds)).isoformat()},
        )
        try:
            with trace_publish(self._broker, message, "request", "client") as sent:
                answer = await self._broker.ask(sent, name_replies(self._name), seconds)
        except TimeoutError as error:
            raise ReplyTimeoutError(f"{request.topic}: no reply in {seconds:g} s") from error
        except UnroutableError as error:
            raise UnavailableError(f"{request.topic}: nobody is there to answer") from error
        except BrokerError as error:
            raise UnavailableError("the message broker does not answer") from error
        if name := answer.headers.get(ERROR_HEADER):
            detail = TypeAdapter(str).validate_json(answer.body)
            raise SHARED.get(name, RemoteError)(detail)
        return cast("Reply", request.reply.model_validate_json(answer.body))


def name_replies(service: str) -> str:
    """Return the topic of the replies to a service, for a broker that needs one."""
    return f"{service}.replies"


def read_deadline(message: Envelope) -> datetime | None:
    """Return when nobody waits for the reply any more, if the request says so."""
    try:
        return datetime.fromisoformat(message.headers.get(DEADLINE_HEADER, ""))
    except ValueError:
        return None


def make_reply(message: Envelope, service: str, body: bytes) -> Envelope:
    """Return the reply to a request."""
    return Envelope(topic=message.topic, body=body, source=service, traceparent=message.traceparent)


def make_refusal(message: Envelope, service: str, error: Exception) -> Envelope:
    """Return the reply that raises the error at the other side, if both know it."""
    shared = next((name for name, kind in SHARED.items() if isinstance(error, kind)), None)
    detail = str(error) if shared else f"{message.topic}: it failed, the log of {service} tells why"
    reply = make_reply(message, service, TypeAdapter(str).dump_json(detail))
    return reply.with_headers(reply_error=shared or RemoteError.__name__)
