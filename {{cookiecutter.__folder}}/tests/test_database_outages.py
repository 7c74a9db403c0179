"""Outages of a real database: a failover, silence, lost connections; and what only looks so."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app import engine
from app.core import health
from app.core.config import CoreSettings
# {% if cookiecutter.database == "postgresql" %}
from app.core.errors import StartupError, TransactionConflictError
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
from app.core.errors import StartupError
# {% endif %}
from app.core.health import Health
from app.database import Database, open_database
from app.database_errors import (
    DatabaseLimitError,
    DatabaseReadOnlyError,
    DatabaseTimeoutError,
    DatabaseUnavailableError,
    translate_errors,
)
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.kit.database import SERVER
from tests.unit_of_work_kit import count, insert, make_numbers
from tests.wire import Wire

pytestmark = pytest.mark.skipif(SERVER is None, reason="no server of its kind is named")

# {% if cookiecutter.database == "postgresql" %}
MAKE_READ_ONLY = text("SET default_transaction_read_only = on")
OWN_NUMBER, KILL = text("SELECT pg_backend_pid()"), "SELECT pg_terminate_backend({})"
SLOW = text("SELECT pg_sleep(30)")
SLEEPS = text("SELECT pg_sleep(0.2)")
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
MAKE_READ_ONLY = text("SET SESSION TRANSACTION READ ONLY")
OWN_NUMBER, KILL = text("SELECT CONNECTION_ID()"), "KILL {}"
SLOW = text("SELECT SLEEP(30) FROM alembic_version")
SLEEPS = text("SELECT SLEEP(0.2) FROM alembic_version")
# {% endif %}


@pytest.fixture
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool of one, so that each unit of work has the same connection."""
    monkeypatch.setenv("DATABASE_CONNECTIONS", "1")


@pytest.fixture
async def begin(one_connection: None, opened: Container) -> UnitOfWorkFactory:
    del one_connection
    return await make_numbers(opened)


async def run(begin: UnitOfWorkFactory, *statements: object) -> None:
    async with begin() as uow:
        for statement in statements:
            await uow.session.execute(statement)  # type: ignore[call-overload]


async def become_read_only(begin: UnitOfWorkFactory) -> None:
    """Let the pool hold a connection to a server that has become read-only."""
    await run(begin, MAKE_READ_ONLY)


async def insert_alone(begin: UnitOfWorkFactory, number: int) -> None:
    async with begin() as uow:
        await insert(uow, number)


async def test_a_server_that_became_read_only_is_left_for_the_one_that_writes(
    begin: UnitOfWorkFactory,
) -> None:
    await become_read_only(begin)
    with pytest.raises(DatabaseReadOnlyError):
        await insert_alone(begin, 1)
    await insert_alone(begin, 2)
    assert await count(begin) == 1


async def test_readiness_asks_whether_it_can_write(
    begin: UnitOfWorkFactory,
    opened: Container,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    checks = Health(opened)
    assert (await checks.check()).is_ready
    await become_read_only(begin)
    report = await checks.check()
    assert (report.is_ready, report.answers["Database"]) == (False, "failing")
    records = [record for record in caplog.records if record.name == health.__name__]
    [reason] = [vars(record)["fields"]["error"] for record in records]
    # {% if cookiecutter.database == "postgresql" %}
    assert reason.startswith("DatabaseReadOnlyError: the database is read-only")
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    assert "READ ONLY" in reason
    # {% endif %}
    assert (await checks.check()).is_ready, "a new connection leads to the server that writes"


async def test_a_start_on_a_server_that_is_read_only_is_refused(
    core: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise DatabaseReadOnlyError("the database is read-only")

    monkeypatch.setattr("app.database.check_writable", refuse)
    with pytest.raises(StartupError, match=r"\(the database is read-only\)$"):
        await open_database(core.database, connections=1).__aenter__()


async def test_a_connection_that_was_killed_is_an_outage(
    begin: UnitOfWorkFactory, opened: Container
) -> None:
    async def use_until_it_is_killed() -> None:
        async with begin() as uow:
            number = (await uow.session.execute(OWN_NUMBER)).scalar_one()
            async with opened[Database].unpooled.connect() as other:
                await other.execute(text(KILL.format(number)))
            # A server may take a moment to end it.
            while True:
                await uow.session.execute(text("SELECT 1"))

    async with asyncio.timeout(10):
        with pytest.raises(DatabaseUnavailableError):
            await use_until_it_is_killed()
    await insert_alone(begin, 1)


@pytest.fixture
async def wire(core: CoreSettings) -> AsyncIterator[Wire]:
    """A wire to the server that can fall silent."""
    wire = Wire(core.database.url)
    await wire.lay()
    yield wire
    await wire.remove()


@pytest.fixture
async def distant(
    wire: Wire, core: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """The database at the end of the wire, soon taken for silent."""
    monkeypatch.setattr(engine, "ANSWER_SECONDS", 0.5)
    settings = core.database.model_copy(update={"url": wire.url, "statement_seconds": 0.5})
    database = Database(settings, connections=1)
    yield database
    await database.engine.dispose()


async def test_a_server_that_falls_silent_is_not_waited_for_without_end(
    wire: Wire, distant: Database
) -> None:
    async def ask(*, twice: bool) -> None:
        with translate_errors():
            async with distant.begin() as session:
                await session.execute(text("SELECT 1"))
                if twice:
                    wire.silence()
                    await session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseTimeoutError):
        await ask(twice=True)
    wire.restore()
    await ask(twice=False)


async def test_a_probe_uses_a_new_connection(distant: Database, wire: Wire) -> None:
    await distant.ping()
    before = wire.connections
    await distant.ping()
    assert wire.connections == before
    await distant.probe()
    assert wire.connections == before + 1


async def test_the_client_waits_longer_than_the_server(core: CoreSettings) -> None:
    settings = core.database.model_copy(update={"statement_seconds": 0.1})
    database = Database(settings, connections=1)
    started = time.monotonic()
    with pytest.raises(DatabaseLimitError), translate_errors():
        async with database.begin() as session:
            await session.execute(SLOW)
    assert time.monotonic() - started > settings.statement_seconds
    await database.engine.dispose()


async def test_probes_and_migrations_have_no_limit_of_statements(core: CoreSettings) -> None:
    settings = core.database.model_copy(update={"statement_seconds": 0.1})
    database = Database(settings, connections=1)
    async with database.unpooled.connect() as connection:
        await connection.execute(SLEEPS)
    await database.engine.dispose()


async def test_a_timeout_above_the_databases_own_limit_is_one_sentence(
    core: CoreSettings,
) -> None:
    async with open_database(core.database, connections=1) as database:
        limit = database.time_limit
        assert limit is not None
        database.check_timeout("record_item", limit.seconds - 1)
        with pytest.raises(StartupError) as caught:
            database.check_timeout("record_item", limit.seconds)
    sentence = str(caught.value)
    assert sentence.startswith(f"record_item: its timeout of {limit.seconds:g} s has to be below ")
    assert limit.name in sentence
    assert limit.remedy in sentence
    assert len(sentence.splitlines()) == 1
# {% if cookiecutter.database == "postgresql" %}


async def test_the_limit_is_the_one_that_is_set(core: CoreSettings) -> None:
    async with open_database(core.database, connections=1) as database:
        assert database.time_limit is not None
        assert database.time_limit.seconds == core.database.idle_seconds
        assert database.time_limit.remedy == "DATABASE_IDLE_SECONDS"


async def test_a_statement_that_was_prepared_before_a_migration_is_run_again(
    begin: UnitOfWorkFactory, core: CoreSettings
) -> None:
    everything = text("SELECT * FROM numbers")
    await run(begin, everything)
    other = Database(core.database, connections=1)
    async with other.begin() as session:
        await session.execute(text("ALTER TABLE numbers ALTER COLUMN value TYPE VARCHAR(99)"))
    await other.engine.dispose()
    with pytest.raises(TransactionConflictError):
        await run(begin, everything)
    await run(begin, everything)


async def test_a_prepared_statement_that_a_pooler_left_elsewhere_is_run_again(
    begin: UnitOfWorkFactory,
) -> None:
    everything = text("SELECT * FROM numbers")
    await run(begin, everything)
    await run(begin, text("DEALLOCATE ALL"))
    with pytest.raises(TransactionConflictError):
        await run(begin, everything)
    await run(begin, everything)
# {% endif %}
