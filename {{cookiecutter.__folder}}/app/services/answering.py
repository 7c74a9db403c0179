"""Answer requests that come over the broker."""

import asyncio

from pydantic import BaseModel, ValidationError

from app.core.config import CoreSettings
from app.core.errors import InvalidInputError
from app.core.message_spans import trace_delivery
from app.core.tracing import fail_span, note_error
# {% if cookiecutter.database != "none" %}
from app.services.inbox import DuplicateMessageError, find_reply, record_message
# {% endif %}
from app.services.requests import find_shared, make_refusal, make_reply, read_deadline
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.background import stray_cancellation_fails
from app.utils.clock import now
from app.utils.consumer import Answerer, RejectMessageError
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.injection import check_parameters, pick_arguments, read_parameters
from app.utils.logger import Logger
from app.utils.message_broker import MessageBroker
from app.utils.requests import Request
from app.utils.watchdog import Watchdog

logger = Logger(__name__)


class Answering:
    """Answer the requests of one kind, each in a unit of work of its own.

    A request is not tried again and is never a dead letter: whoever asked hears of the error.
    """

    def __init__(self, answerer: Answerer, opened: Container) -> None:
        """Check at once that everything the handler asks for is there."""
        self._answerer = answerer
        self._watchdog = Watchdog(answerer.timeout)
        self._opened = opened
        self._broker = opened[MessageBroker]
        self._begin = opened[UnitOfWorkFactory]
        self._service = opened[CoreSettings].service.name
        self._parameters = read_parameters(answerer.handler)
        check_parameters(answerer.handler, {*opened, answerer.request, UnitOfWork, Envelope})

    async def __call__(self, message: Envelope) -> Envelope | None:
        """Return the reply, or nothing when nobody waits for it any more."""
        deadline = read_deadline(message)
        seconds = (deadline - now()).total_seconds() if deadline else self._answerer.timeout
        if seconds <= 0:
            logger.warning("request dropped, its time is over", topic=message.topic, id=message.id)
            return None
        limit = asyncio.timeout(seconds)
        with trace_delivery(self._broker, message, self._answerer.name, "server"):
            try:
                with stray_cancellation_fails(), self._watchdog.limit():
                    async with limit:
                        body = await self._answer(self._read(message), message)
            except RejectMessageError as error:
                return make_refusal(message, self._service, InvalidInputError(str(error)))
            except Exception as error:
                if not find_shared(error):
                    note_error(error)
                    fail_span(type(error).__qualname__)
                    logger.exception("request failed", topic=message.topic, id=message.id)
                # Whoever asked has given up, and is told that by nobody else at the same moment.
                late = deadline is not None and limit.expired()
                return None if late else make_refusal(message, self._service, error)
            logger.info("request answered", topic=message.topic)
            return make_reply(message, self._service, body)

    def _read(self, message: Envelope) -> Request[BaseModel]:
        try:
            return self._answerer.request.model_validate_json(message.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise InvalidInputError(f"{where or 'body'}: {first['msg']}", field=where) from error
    # {% if cookiecutter.database != "none" %}

    async def _answer(self, request: Request[BaseModel], message: Envelope) -> bytes:
        try:
            async with self._begin() as uow:
                record = await record_message(uow.session, self._answerer.name, message)
                body = await self._call(request, message, uow)
                if record:
                    record.reply = body
                return body
        except DuplicateMessageError:
            async with self._begin(read_only=True) as uow:
                return await find_reply(uow.session, self._answerer.name, message)
    # {% endif %}
    # {% if cookiecutter.database == "none" %}

    async def _answer(self, request: Request[BaseModel], message: Envelope) -> bytes:
        async with self._begin() as uow:
            return await self._call(request, message, uow)
    # {% endif %}

    async def _call(self, request: Request[BaseModel], message: Envelope, uow: UnitOfWork) -> bytes:
        values: dict[type, object] = {
            **self._opened,
            self._answerer.request: request,
            UnitOfWork: uow,
            Envelope: message,
        }
        reply = await self._answerer.handler(**pick_arguments(self._parameters, values))
        return reply.model_dump_json().encode()
