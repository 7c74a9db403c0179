"""The database: engine, sessions, and the base of all tables."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    TypeDecorator,
    event,
    make_url,
    text,
)
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMBLOB
# {% endif %}
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.core.errors import StartupError
from app.core.server_config import DatabaseSettings

DRIVERS = {
    # {% if cookiecutter.database == "postgresql" %}
    "postgresql": "postgresql+asyncpg",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "mysql": "mysql+asyncmy",
    # {% endif %}
    "sqlite": "sqlite+aiosqlite",
}
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


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


class Database:
    """An engine and its sessions."""

    def __init__(self, settings: DatabaseSettings, *, connections: int) -> None:
        """Prepare the engine; the first session connects."""
        url = make_url(settings.url)
        url = url.set(drivername=DRIVERS[url.get_backend_name()])
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = create_async_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=settings.pool_seconds,
            pool_pre_ping=not self.is_sqlite,
        )
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", begin_sqlite)

    async def ping(self) -> None:
        """Raise SQLAlchemyError or OSError when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))


@asynccontextmanager
async def open_database(settings: DatabaseSettings, *, connections: int) -> AsyncIterator[Database]:
    """Open the database; raises StartupError, one sentence, when it does not answer."""
    database = Database(settings, connections=connections)
    folder = Path(database.engine.url.database or "").parent
    if database.is_sqlite and not folder.is_dir():
        raise StartupError(f"DATABASE_URL: there is no folder {folder} to keep the file in")
    try:
        try:
            await database.ping()
        except (SQLAlchemyError, OSError) as error:
            place = f"{database.engine.url} ({str(error).splitlines()[0]})"
            raise StartupError(f"DATABASE_URL: no database answers at {place}") from error
        yield database
    finally:
        await database.engine.dispose()


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Make a new SQLite connection enforce foreign keys, wait for locks and leave BEGIN to us."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 5000")
    cursor.close()


def begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start: one that is taken half-way can fail for good."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
