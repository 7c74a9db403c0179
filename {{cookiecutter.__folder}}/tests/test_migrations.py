"""Migrations make exactly the tables that the models describe, and each of them is whole."""

import asyncio
import json
import re
# {% if cookiecutter.database != "sqlite" %}
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import Script, ScriptDirectory
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import Script, ScriptDirectory
# {% endif %}
from sqlalchemy import Connection, inspect

import app.domain.models  # noqa: F401 - the tables register themselves
from app.core.errors import StartupError
from app.core.server_config import DatabaseSettings
from app.database import Base, Database, open_database
from app.services import migrations
from app.services.migrations import migrate, take_turn
from app.utils.container import Container
# {% if cookiecutter.database != "sqlite" %}
from tests.kit.database import SERVER, execute, place
# {% endif %}
from tests.migrations_kit import CREATE, Write, prepare_migrations

FAIL = 'op.execute("DELETE FROM nowhere")'


# {% if cookiecutter.database == "sqlite" %}
@pytest.fixture
def empty_url() -> str:
    """Return the URL of a database without tables."""
    return "sqlite:///empty.db"


# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
@pytest.fixture
async def empty_url() -> AsyncIterator[str]:
    """Yield the URL of a database without tables."""
    if SERVER is None:
        yield "sqlite:///empty.db"
        return
    name = f"test_{uuid4().hex}"
    await execute(f"CREATE DATABASE {name}")
    yield place(name)
    await execute(f"DROP DATABASE {name}")


# {% endif %}
@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """Yield a database without tables."""
    async with open_database(DatabaseSettings(url=empty_url), connections=1) as database:
        yield database


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return what writes the migrations of a service of the test's own, one after the other."""
    return prepare_migrations(tmp_path, monkeypatch)


def find_differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection)
    return list(compare_metadata(context, Base.metadata))


async def list_tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda found: inspect(found).get_table_names()))


def test_production_migrates_no_file_that_nobody_has_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SystemExit, match=r"^1$"):
        command.upgrade(Config(migrations.ALEMBIC_INI), "heads")
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["message"].startswith("DATABASE_URL: in production, ")
    assert not list(Path.cwd().glob("*.db"))


async def test_models_and_migrations_agree(opened: Container) -> None:
    async with opened[Database].engine.connect() as connection:
        assert await connection.run_sync(find_differences) == []


async def test_migrating_again_changes_nothing(opened: Container) -> None:
    await migrate(opened[Database])


async def test_a_migration_that_fails_leaves_those_before_it_and_goes_on_when_mended(
    empty: Database, write: Write
) -> None:
    write(1, CREATE.format(1))
    write(2, CREATE.format(2))
    write(3, FAIL)
    with pytest.raises(StartupError, match=r"^migrations: .*nowhere"):
        await migrate(empty)
    assert await list_tables(empty) == {"alembic_version", "table_1", "table_2"}
    write(3, CREATE.format(3))
    await migrate(empty)
    assert await list_tables(empty) == {"alembic_version", "table_1", "table_2", "table_3"}


async def test_a_migration_may_leave_its_transaction(empty: Database, write: Write) -> None:
    write(1, CREATE.format(1))
    # {% if cookiecutter.database == "postgresql" %}
    write(
        2,
        'how = "CONCURRENTLY " if op.get_bind().dialect.name == "postgresql" else ""',
        "with op.get_context().autocommit_block():",
        '    op.execute(f"CREATE INDEX {how}index_1 ON table_1 (id)")',
    )
    # {% endif %}
    # {% if cookiecutter.database != "postgresql" %}
    write(
        2,
        "with op.get_context().autocommit_block():",
        '    op.execute("CREATE INDEX index_1 ON table_1 (id)")',
    )
    # {% endif %}
    await migrate(empty)
    # A connection that SQLite had before may still know the tables of then.
    async with empty.unpooled.connect() as connection:
        indexes = await connection.run_sync(lambda found: inspect(found).get_indexes("table_1"))
    assert [each["name"] for each in indexes] == ["index_1"]


async def test_tables_of_an_unknown_version_are_refused_with_the_way_to_remake_them(
    empty: Database, write: Write
) -> None:
    write(1, CREATE.format(1))
    of_next_year = write(2, CREATE.format(2))
    await migrate(empty)
    of_next_year.unlink()
    with pytest.raises(StartupError, match=r"^migrations: the database was migrated to 2") as error:
        await migrate(empty)
    sentence = str(error.value)
    assert re.search(r"remake the database.* \((delete|drop and create) \S+, then", sentence)
    assert len(sentence.splitlines()) == 1
    assert await list_tables(empty) == {"alembic_version", "table_1", "table_2"}


async def test_processes_migrate_one_after_the_other(empty: Database, empty_url: str) -> None:
    settings = DatabaseSettings(url=empty_url, lock_seconds=0.1)
    async with open_database(settings, connections=1) as other:
        async with take_turn(other):
            waiting = asyncio.create_task(migrate(empty))
            ended, _ = await asyncio.wait({waiting}, timeout=0.5)
            assert not ended, "it migrates although it is another's turn"
            await migrate_in_turn(other)
        await waiting
    assert await list_tables(empty) == {"alembic_version", *Base.metadata.tables}


@pytest.fixture
async def others_turn(empty_url: str) -> AsyncIterator[None]:
    """Let it be the turn of another process."""
    async with (
        open_database(DatabaseSettings(url=empty_url), connections=1) as other,
        take_turn(other),
    ):
        yield


@pytest.mark.usefixtures("others_turn")
async def test_a_process_whose_turn_does_not_come_says_so(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "TURN_SECONDS", 1)
    with pytest.raises(StartupError, match=r"^migrations: another process has been migrating"):
        await migrate(empty)


@pytest.mark.usefixtures("others_turn")
async def test_a_process_that_waits_for_its_turn_can_be_stopped(empty: Database) -> None:
    waiting = asyncio.create_task(migrate(empty))
    await asyncio.wait({waiting}, timeout=0.3)
    waiting.cancel()
    async with asyncio.timeout(10):
        await asyncio.wait({waiting})
    assert waiting.cancelled()


async def migrate_in_turn(database: Database) -> None:
    """Migrate as the process does whose turn it is."""
    async with database.engine.connect() as connection:
        await connection.run_sync(migrations.upgrade)


async def test_each_migration_can_be_undone_and_done_again(empty: Database) -> None:
    config = Config(migrations.ALEMBIC_INI)
    scripts = ScriptDirectory.from_config(config)

    def undo(revision: Script) -> None:
        """Undo this one alone: by a name, which of two that follow one is not said."""
        step = MigrationStep.downgrade_from_script(scripts.revision_map, revision)
        with EnvironmentContext(config, scripts, fn=lambda *_: [step]):
            scripts.run_env()

    def undo_and_redo(connection: Connection) -> None:
        config.attributes["connection"] = connection
        for each in reversed([*scripts.walk_revisions()]):
            command.upgrade(config, each.revision)
            # One that says so is for good.
            with suppress(NotImplementedError):
                undo(each)
            command.upgrade(config, each.revision)

    async with empty.engine.connect() as connection:
        await connection.run_sync(undo_and_redo)
        assert await connection.run_sync(find_differences) == []
