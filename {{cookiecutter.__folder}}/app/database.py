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
    TypeDecorator,
    text,
)
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMBLOB
# {% endif %}
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase

from app.core.errors import StartupError
from app.core.server_config import DatabaseSettings
from app.database_errors import DatabaseUnavailableError
# {% if cookiecutter.database == "sqlite" %}
from app.engine import READ_ONLY, create_engine
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
from app.engine import READ_ONLY, create_engine, read_limit
# {% endif %}

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
# SQLite numbers only INTEGER primary keys by itself.
BigId = BigInteger().with_variant(Integer, "sqlite")
# {% if cookiecutter.database == "mysql" %}
# MySQL's BLOB ends at 64 KiB.
LongBinary = LargeBinary().with_variant(MEDIUMBLOB, "mysql")
# {% endif %}
# {% if cookiecutter.database != "mysql" %}
LongBinary = LargeBinary()
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


class Database:
    """An engine and its sessions."""

    def __init__(self, settings: DatabaseSettings, *, connections: int) -> None:
        """Prepare the engine; the first session connects."""
        self.engine = create_engine(settings, connections=connections)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        """Transactions that may write."""
        reading = self.engine.execution_options(**READ_ONLY)
        self.readers = async_sessionmaker(reading, expire_on_commit=False)
        """Transactions that the database itself keeps from writing."""

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
            except BaseException:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ROLLBACK_SECONDS):
                        await session.rollback()
                raise

    def count_connections(self) -> tuple[int, int]:
        """Return how many connections are in use, and how many there may be."""
        pool: Any = self.engine.pool
        return pool.checkedout(), pool.size()

    async def ping(self) -> None:
        """Raise SQLAlchemyError or DatabaseUnavailableError when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))


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
            place = f"{url} ({str(error).splitlines()[0]})"
            raise StartupError(f"DATABASE_URL: no database answers at {place}") from error
        # {% if cookiecutter.database != "sqlite" %}
        async with database.engine.connect() as connection:
            limit = await connection.run_sync(read_limit)
        if limit is not None and settings.connections > limit:
            wanted = f"{settings.connections} is more than the {limit} that the server allows"
            raise StartupError(f"DATABASE_CONNECTIONS: {wanted}")
        # {% endif %}
        yield database
    finally:
        await database.engine.dispose()
