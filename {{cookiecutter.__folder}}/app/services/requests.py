"""Ask another service over the broker, and wait for its reply."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.core.config import CoreSettings
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from app.core.message_spans import join_trace, trace_publish
from app.utils.broker_errors import (
    BrokerError,
    BrokerRefusedError,
    MessageRefusedError,
    TopicUnavailableError,
    UnroutableError,
)
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
        there to answer, what the other side raised if both know the error, else RemoteError;
        MessageRefusedError for a request that the broker never takes, such as one too large.
        Nothing is asked twice: after a timeout, it may have been done or not.
        """
        asked = Envelope(
            topic=request.topic,
            body=request.model_dump_json().encode(),
            source=self._name,
            headers={DEADLINE_HEADER: (now() + timedelta(seconds=seconds)).isoformat()},
        )
        try:
            with trace_publish(self._broker, join_trace(asked), "request", "client") as sent:
                answer = await self._broker.ask(sent, name_replies(self._name), seconds)
        except TimeoutError as error:
            raise ReplyTimeoutError(f"{request.topic}: no reply in {seconds:g} s") from error
        except UnroutableError as error:
            raise UnavailableError(f"{request.topic}: nobody is there to answer") from error
        except TopicUnavailableError as error:
            raise UnavailableError(f"{request.topic}: no more requests are taken now") from error
        except (BrokerRefusedError, MessageRefusedError):
            # No outage: it would be refused the next time, too.
            raise
        except BrokerError as error:
            raise UnavailableError("the message broker does not answer") from error
        return read_reply(request, answer)


def read_reply(request: Request[Reply], answer: Envelope) -> Reply:
    """Return what a reply says; raises the error that it tells of, and RemoteError for rubbish."""
    name = answer.headers.get(ERROR_HEADER)
    try:
        if not name:
            return cast("Reply", request.reply.model_validate_json(answer.body))
        detail = TypeAdapter(str).validate_json(answer.body)
    except ValidationError as error:
        raise RemoteError(f"{request.topic}: the reply cannot be read") from error
    raise SHARED.get(name, RemoteError)(detail)


def name_replies(service: str) -> str:
    """Return the topic of the replies to a service, for a broker that needs one."""
    return f"{service}.replies"


def read_deadline(message: Envelope) -> datetime | None:
    """Return when nobody waits for the reply any more, if the request says so; UTC by default."""
    try:
        deadline = datetime.fromisoformat(message.headers.get(DEADLINE_HEADER, ""))
    except ValueError:
        return None
    return deadline if deadline.tzinfo else deadline.replace(tzinfo=UTC)


def make_reply(message: Envelope, service: str, body: bytes) -> Envelope:
    """Return the reply to a request."""
    reply = Envelope(topic=message.topic, body=body, source=service)
    if message.traceparent is None:
        return reply
    return reply.with_trace(message.traceparent, message.tracestate)


def find_shared(error: Exception) -> str | None:
    """Return the name of the error that both sides know, if it is one.

    Whoever asked would wait for an outage to end: an UnavailableError that is none is not shared.
    """
    if isinstance(error, UnavailableError) and not error.is_outage:
        return None
    return next((name for name, kind in SHARED.items() if isinstance(error, kind)), None)


def make_refusal(message: Envelope, service: str, error: Exception) -> Envelope:
    """Return the reply that raises the error at the other side, if both know it."""
    shared = find_shared(error)
    detail = str(error) if shared else f"{message.topic}: it failed, the log of {service} tells why"
    reply = make_reply(message, service, TypeAdapter(str).dump_json(detail))
    return reply.with_headers(reply_error=shared or RemoteError.__name__)
