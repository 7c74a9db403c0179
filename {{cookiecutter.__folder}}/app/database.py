"""The database: its sessions, and the base of all tables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    event,
)
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy.dialects.mysql import BINARY, DATETIME, MEDIUMBLOB, VARBINARY
# {% endif %}
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Session
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy.types import TypeEngine
# {% endif %}

from app.core.attempts import note_commit
from app.core.errors import StartupError
from app.core.server_config import DatabaseSettings
# {% if cookiecutter.database != "sqlite" %}
from app.core.tls import explain_refusal
# {% endif %}
from app.core.urls import hide_password
# {% if cookiecutter.database != "sqlite" %}
from app.database_codes import ABSENT, LOGIN
from app.database_errors import DatabaseReadOnlyError, DatabaseUnavailableError, read_code
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
from app.database_errors import DatabaseReadOnlyError, DatabaseUnavailableError
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
from app.database_server import check_writable
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
from app.database_server import TimeLimit, check_writable, read_limit, read_time_limit
# {% endif %}
from app.engine import READ_ONLY, create_engine

# So that Alembic can name every constraint that it drops.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    # {% if cookiecutter.database != "mysql" %}
    "pk": "pk_%(table_name)s",
    # {% endif %}
}
# A server that does not even roll back within this does so when it notices that we have left.
ROLLBACK_SECONDS = 1.0
DAY_SECONDS = 86_400
BEGIN_ITSELF = ", or ask for UnitOfWorkFactory alone and begin short units of work"
"""What else helps work that has no transaction around it then."""
# SQLite numbers only INTEGER primary keys by itself.
BigId = BigInteger().with_variant(Integer, "sqlite")
# {% if cookiecutter.database == "mysql" %}
# MySQL's BLOB ends at 64 KiB.
LongBinary = LargeBinary().with_variant(MEDIUMBLOB, "mysql")
# A SHA-256; MySQL has no keys of BLOBs.
Digest = LargeBinary(32).with_variant(BINARY(32), "mysql")


class ExactString(TypeDecorator[str]):
    """Text that is an identity: two are equal only if all of their bytes are.

    The collations of MySQL and MariaDB take different texts for the same: case, accents, spaces at
    the end. Those that do not have other names in each, so that it is stored as bytes there.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        """Hold so many characters."""
        super().__init__(length)
        self._bytes = 4 * length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the column."""
        if dialect.name == "mysql":
            return dialect.type_descriptor(VARBINARY(self._bytes))
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """Return what is sent."""
        return value.encode() if value is not None and dialect.name == "mysql" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Return what came back."""
        del dialect
        return value.decode() if isinstance(value, bytes) else value
# {% endif %}
# {% if cookiecutter.database != "mysql" %}
LongBinary = LargeBinary()
# A SHA-256.
Digest = LargeBinary(32)
# Text that is an identity: two are equal only if all of their bytes are.
ExactString = String
# {% endif %}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, in UTC in every database; one without a zone is refused."""

    # {% if cookiecutter.database != "mysql" %}
    impl = DateTime(timezone=True)
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    # Microseconds, which MySQL drops unless asked.
    impl = DateTime(timezone=True).with_variant(DATETIME(fsp=6), "mysql")
    # {% endif %}
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What values are."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Store UTC; raises ValueError for a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone: datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return an aware moment, from databases that store no zone too."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


class WritingSession(Session):
    """A session whose commits make the attempts around it final."""


@event.listens_for(WritingSession, "after_commit")
def note_commit_of(session: Session) -> None:
    """Note a commit; the end of a savepoint is none."""
    if not session.in_nested_transaction():
        note_commit()


class Database:
    """An engine and its sessions."""

    def __init__(self, settings: DatabaseSettings, *, connections: int) -> None:
        """Prepare the engine; the first session connects."""
        self.engine = create_engine(settings, connections=connections)
        unlimited = settings.model_copy(update={"statement_seconds": DAY_SECONDS})
        self.unpooled = create_engine(unlimited, connections=0)
        """New connections, without a limit of statements: for migrations and probes."""
        # A session that has ended begins nothing more: nobody would commit it.
        options: dict[str, Any] = {"expire_on_commit": False, "close_resets_only": False}
        self.sessions = async_sessionmaker(
            self.engine, sync_session_class=WritingSession, **options
        )
        """Transactions that may write."""
        reading = self.engine.execution_options(**READ_ONLY)
        self.readers = async_sessionmaker(reading, **options)
        """Transactions that the database itself keeps from writing."""
        # {% if cookiecutter.database != "sqlite" %}
        self.time_limit: TimeLimit | None = None
        """What ends a transaction in which nothing happens, known once it is open."""
        # {% endif %}

    @asynccontextmanager
    async def begin(self, *, read_only: bool = False) -> AsyncIterator[AsyncSession]:
        """Begin a transaction: committed when the block ends, rolled back when it raises.

        Unlike `sessions.begin()` it can be cancelled at its end too: a server that has stopped
        answering keeps nobody beyond a deadline. Whether it has committed is not known then.
        """
        async with (self.readers if read_only else self.sessions)() as session:
            try:
                yield session
                await session.commit()
                # Who still has it must not write between its commit and its end.
                session.sync_session.autobegin = False
            except BaseException:
                # A connection that cannot roll back is gone: what ended the block says why.
                with suppress(TimeoutError, SQLAlchemyError):
                    async with asyncio.timeout(ROLLBACK_SECONDS):
                        await session.rollback()
                raise

    def count_connections(self) -> tuple[int, int]:
        """Return how many connections are in use, and how many there may be."""
        pool: Any = self.engine.pool
        return pool.checkedout(), pool.size()

    async def ping(self) -> None:
        """Raise SQLAlchemyError or DatabaseUnavailableError when the database cannot do its work.

        It has to answer, and to be writable.
        """
        try:
            async with self.engine.connect() as connection:
                await connection.run_sync(check_writable)
        except DatabaseReadOnlyError:
            # New connections may lead to another server, one that can be written to.
            await self.engine.dispose()
            raise

    async def probe(self) -> None:
        """Ask as `ping` does, over a new connection: those in the pool may be dead or in use."""
        async with self.unpooled.connect() as connection:
            await connection.run_sync(check_writable)

    def check_timeout(self, name: str, seconds: float, advice: str = "") -> None:
        """Raise StartupError for work that may take so long that its transaction is ended."""
        # {% if cookiecutter.database == "sqlite" %}
        # SQLite ends none.
        # {% endif %}
        # {% if cookiecutter.database != "sqlite" %}
        limit = self.time_limit
        if limit is not None and seconds >= limit.seconds:
            raise StartupError(
                f"{name}: its timeout of {seconds:g} s has to be below the {limit.seconds:g} s "
                f"after which the database ends its transaction ({limit.name}): "
                f"lower the timeout, or raise {limit.remedy}{advice}"
            )
        # {% endif %}


@asynccontextmanager
async def open_database(settings: DatabaseSettings, *, connections: int) -> AsyncIterator[Database]:
    """Open the database; raises StartupError, one sentence, when it does not answer."""
    database = Database(settings, connections=connections)
    url = database.engine.url
    folder = Path(url.database or "").parent
    if url.get_backend_name() == "sqlite" and not folder.is_dir():
        raise StartupError(f"DATABASE_URL: there is no folder {folder} to keep the file in")
    try:
        try:
            await database.ping()
        except (SQLAlchemyError, DatabaseUnavailableError) as error:
            reason = error.__cause__ if isinstance(error.__cause__, OSError) else error
            [line, *_] = (str(reason) or type(reason).__name__).splitlines()
            place = f"{hide_password(settings.url)} ({line})"
            # {% if cookiecutter.database != "sqlite" %}
            raise StartupError(f"DATABASE_URL: {describe_silence(error)} at {place}") from error
            # {% endif %}
            # {% if cookiecutter.database == "sqlite" %}
            raise StartupError(f"DATABASE_URL: no database answers at {place}") from error
            # {% endif %}
        # {% if cookiecutter.database != "sqlite" %}
        async with database.engine.connect() as connection:
            limit = await connection.run_sync(read_limit)
            database.time_limit = await connection.run_sync(read_time_limit)
        if limit is not None and settings.connections > limit:
            wanted = f"{settings.connections} is more than the {limit} that the server allows"
            raise StartupError(f"DATABASE_CONNECTIONS: {wanted}")
        # {% endif %}
        yield database
    finally:
        await database.engine.dispose()
# {% if cookiecutter.database != "sqlite" %}


def describe_silence(error: Exception) -> str:
    """Return what is wrong with a database that cannot be opened."""
    if refusal := explain_refusal(error):
        return refusal
    code = read_code(error)
    if code.startswith(LOGIN):
        return "the login is refused"
    return "there is no such database" if code.startswith(ABSENT) else "no database answers"
# {% endif %}
