"""The unit of work: what one request or message does, all of it or nothing."""

# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import SessionTransaction

from app.core.attempts import run_after_commit
from app.core.config import CoreSettings
from app.core.message_spans import join_trace
from app.database import Database
from app.database_errors import translate_errors
from app.tables import OutboxMessage
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker == "none" %}
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import SessionTransaction

from app.core.attempts import run_after_commit
from app.database import Database
from app.database_errors import translate_errors
from app.utils.container import Container
# {% endif %}
# {% if cookiecutter.database == "none" %}
from types import TracebackType

from app.core.config import CoreSettings
from app.core.message_metrics import publish
from app.core.message_spans import join_trace, trace_publish
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, MessageBroker
# {% endif %}
# {% if cookiecutter.database != "none" %}

Action = Callable[[], Awaitable[object]]
# {% endif %}


class UnitOfWorkEndedError(RuntimeError):
    """The unit of work has ended, and nobody would commit what is done in it now."""

    def __init__(self) -> None:
        """Say what to do instead."""
        super().__init__(
            "this unit of work has ended: begin another with UnitOfWorkFactory for what is done "
            "after it, as in a task or a streamed answer"
        )
# {% if cookiecutter.database != "none" %}


def is_undone(savepoint: SessionTransaction | None, undone: SessionTransaction) -> bool:
    """Tell whether a rollback has undone what was done in a savepoint, or in none."""
    if undone.parent is None:
        return True
    return savepoint is not None and (savepoint is undone or is_undone(savepoint.parent, undone))
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}


class UnitOfWork:
    """One transaction: the rows that `session` changes and the events emitted commit together."""

    def __init__(self, session: AsyncSession, source: str) -> None:
        """Work in the session's transaction; events name `source` as their origin."""
        self._source = source
        self._emitted: list[tuple[SessionTransaction | None, OutboxMessage]] = []
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker == "none" %}


class UnitOfWork:
    """One transaction: the rows that `session` changes are committed together."""

    def __init__(self, session: AsyncSession) -> None:
        """Work in the session's transaction."""
# {% endif %}
# {% if cookiecutter.database != "none" %}
        self._session = session
        self._actions: list[tuple[SessionTransaction | None, Action]] = []
        self._is_listening = False
        self._has_ended = False

    @property
    def session(self) -> AsyncSession:
        """The session of the transaction; raises UnitOfWorkEndedError when that has ended."""
        if self._has_ended:
            raise UnitOfWorkEndedError
        return self._session

    def end(self) -> None:
        """Let nothing more be done in it: what came now would not be committed."""
        self._has_ended = True

    def after_commit(self, action: Action) -> None:
        """Do something after the commit, within five seconds; if it fails, that is only logged.

        It is left out when the savepoint that is open, or the transaction, is rolled back.
        """
        self._actions.append((self._find_savepoint(), action))

    @property
    def actions(self) -> list[Action]:
        """What is done after the commit."""
        return [action for _, action in self._actions]

    def _find_savepoint(self) -> SessionTransaction | None:
        session = self.session.sync_session
        if not self._is_listening:
            self._is_listening = True
            listen(session, "after_soft_rollback", self._take_back)
        return session.get_nested_transaction()

    def _take_back(self, _: object, undone: SessionTransaction) -> None:
        self._actions = [each for each in self._actions if not is_undone(each[0], undone)]
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}
        self._emitted = [each for each in self._emitted if not is_undone(each[0], undone)]

    def emit(self, event: Event) -> None:
        """Publish the event after the commit, and never without it.

        It is taken back when the savepoint that is open, or the transaction, is rolled back.
        """
        savepoint = self._find_savepoint()
        message = OutboxMessage.from_envelope(wrap_event(event, self._source))
        self._emitted.append((savepoint, message))

    async def write_events(self) -> bool:
        """Write the events that were emitted, after everything else; return whether there are any.

        The relay publishes by id. The last thing before the commit is to draw one, when the rows
        that have changed are locked: of two writers of a row the second then has the higher id.
        """
        if not self._emitted:
            return False
        await self._session.flush()
        self._session.add_all(message for _, message in self._emitted)
        return True


class UnitOfWorkFactory:
    """Begin units of work: `async with begin() as uow`."""

    def __init__(self, opened: Container) -> None:
        """Begin transactions in the database, on behalf of the service."""
        self._database = opened[Database]
        self._source = opened[CoreSettings].service.name
        self.emitted = asyncio.Event()
        """Set when events have been committed, so that the relay looks at once."""

    @asynccontextmanager
    async def __call__(self, *, read_only: bool = False) -> AsyncIterator[UnitOfWork]:
        """Commit when the block ends, roll back when it raises.

        The database refuses to write when it is read-only. Raises TransactionConflictError when
        another transaction got in the way, ConflictError for what goes against a constraint,
        InvalidInputError for what cannot be stored, and UnavailableError without a database.
        """
        with translate_errors():
            async with self._database.begin(read_only=read_only) as session:
                unit = UnitOfWork(session, self._source)
                try:
                    yield unit
                finally:
                    unit.end()
                has_events = await unit.write_events()
        if has_events:
            self.emitted.set()
        await run_after_commit(unit.actions)
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker == "none" %}


class UnitOfWorkFactory:
    """Begin units of work: `async with begin() as uow`."""

    def __init__(self, opened: Container) -> None:
        """Begin transactions in the database."""
        self._database = opened[Database]

    @asynccontextmanager
    async def __call__(self, *, read_only: bool = False) -> AsyncIterator[UnitOfWork]:
        """Commit when the block ends, roll back when it raises.

        The database refuses to write when it is read-only. Raises TransactionConflictError when
        another transaction got in the way, ConflictError for what goes against a constraint,
        InvalidInputError for what cannot be stored, and UnavailableError without a database.
        """
        with translate_errors():
            async with self._database.begin(read_only=read_only) as session:
                unit = UnitOfWork(session)
                try:
                    yield unit
                finally:
                    unit.end()
        await run_after_commit(unit.actions)
# {% endif %}
# {% if cookiecutter.database == "none" %}


class UnitOfWork:
    """The events of one request or message, published together at its end."""

    def __init__(self) -> None:
        """Start with no event."""
        self.events: list[Event] = []
        self._has_ended = False

    def emit(self, event: Event) -> None:
        """Publish the event when the unit of work ends, unless it fails before."""
        if self._has_ended:
            raise UnitOfWorkEndedError
        self.events.append(event)

    def end(self) -> None:
        """Let nothing more be emitted in it: what came now would not be published."""
        self._has_ended = True


class UnitOfWorkFactory:
    """Begin units of work: `async with begin() as uow`."""

    def __init__(self, opened: Container) -> None:
        """Publish to the broker, on behalf of the service."""
        self._broker = opened[MessageBroker]
        self._source = opened[CoreSettings].service.name

    def __call__(self) -> "OpenUnitOfWork":
        """Publish when the block ends, nothing when it raises.

        Raises PublishError when the broker does not confirm; events before that one are out.
        """
        return OpenUnitOfWork(self._broker, self._source)


class OpenUnitOfWork:
    """The block of a unit of work.

    A class, because a generator would cost each message twice as much.
    """

    __slots__ = ("_broker", "_source", "_unit")

    def __init__(self, broker: MessageBroker, source: str) -> None:
        """Publish to the broker; events name `source` as their origin."""
        self._broker = broker
        self._source = source
        self._unit = UnitOfWork()

    async def __aenter__(self) -> UnitOfWork:
        """Begin."""
        return self._unit

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Publish, unless the block has failed."""
        self._unit.end()
        if error is None:
            for event in self._unit.events:
                message = wrap_event(event, self._source)
                with trace_publish(self._broker, message) as sent:
                    await publish(self._broker, sent)
# {% endif %}
# {% if cookiecutter.broker != "none" %}


def wrap_event(event: Event, source: str) -> Envelope:
    """Return the event as a message that belongs to the current trace."""
    message = Envelope(
        topic=event.topic,
        key=event.key,
        body=event.model_dump_json().encode(),
        source=source,
    )
    return join_trace(message)
# {% endif %}
