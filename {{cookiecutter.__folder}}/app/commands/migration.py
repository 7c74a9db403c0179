"""Write the migration that brings the tables to what the models say.

The models are compared with a database that is made for it and migrated, never with the one of
DATABASE_URL: that may hold the tables of another branch, of code that was undone, or of the
starter.
"""

import argparse
import asyncio
# {% if cookiecutter.database != "sqlite" %}
import os
# {% endif %}
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
# {% if cookiecutter.database != "sqlite" %}
from urllib.parse import urlsplit
from uuid import uuid4
# {% endif %}

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
# {% if cookiecutter.database != "sqlite" %}
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
from sqlalchemy import Connection
# {% endif %}

from app.core.errors import StartupError
from app.core.server_config import DatabaseSettings
# {% if cookiecutter.database != "sqlite" %}
from app.core.settings import read_settings
from app.core.urls import hide_password
# {% endif %}
from app.database import Database, open_database
from app.services import migrations
# {% if cookiecutter.database != "sqlite" %}

# Where tests make their databases, others may be made too.
TEST_URL = "TEST_{{ cookiecutter.database | upper }}_URL"


def find_server() -> str | None:
    """Return the URL of the server that a scratch database can be made on, if one is known."""
    url = os.environ.get(TEST_URL) or read_settings(DatabaseSettings).url
    return None if url.startswith("sqlite:") else url


async def execute(url: str, statement: str) -> None:
    """Run a statement on a server, outside of any transaction."""
    engine = Database(DatabaseSettings(url=url), connections=1).unpooled
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(statement))


@asynccontextmanager
async def make_on_server(url: str) -> AsyncIterator[str]:
    """Yield the URL of a new database on the server, which is dropped afterwards.

    Raises StartupError, one sentence, when none can be made there.
    """
    name = f"migration_{uuid4().hex}"
    try:
        await execute(url, f"CREATE DATABASE {name}")
    except (SQLAlchemyError, StartupError, RuntimeError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise StartupError(
            f"migration: no scratch database can be made at {hide_password(url)} ({reason}): "
            f"set {TEST_URL} to a server where it can, or DATABASE_URL to a file of SQLite"
        ) from error
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        await execute(url, f"DROP DATABASE {name}")
# {% endif %}


@asynccontextmanager
async def open_scratch() -> AsyncIterator[Database]:
    """Yield a database that holds what the migrations make, and nothing else."""
    # {% if cookiecutter.database != "sqlite" %}
    if server := find_server():
        async with (
            make_on_server(server) as url,
            open_database(DatabaseSettings(url=url), connections=1) as database,
        ):
            await migrations.migrate(database)
            yield database
        return
    # {% endif %}
    with TemporaryDirectory() as folder:
        settings = DatabaseSettings(url=f"sqlite:///{folder}/scratch.db")
        async with open_database(settings, connections=1) as database:
            await migrations.migrate(database)
            yield database


async def write_migration(message: str) -> None:
    """Write the migration beside the service's last one."""
    async with open_scratch() as database, database.unpooled.connect() as connection:
        await connection.run_sync(revise, message)


def revise(connection: Connection, message: str) -> None:
    """Compare the models with the tables that the connection sees."""
    config = Config(migrations.ALEMBIC_INI)
    config.attributes["connection"] = connection
    lasts = ScriptDirectory.from_config(config).get_revisions("service@heads")
    if len(lasts) > 1:
        names = " and ".join(sorted(each.revision for each in lasts))
        raise StartupError(
            f"migration: {names} are the last ones, each of its own line: let one follow the other "
            "(down_revision), or if both have run somewhere, run `alembic merge service@heads`"
        )
    [last] = lasts
    command.revision(
        config,
        message,
        autogenerate=True,
        head="service@head",
        version_path=str(Path(last.path).parent),
    )


def read_message(text: str) -> str:
    """Return the sentence for a docstring, without the full stop, which is added there."""
    sentence = " ".join(text.split()).rstrip(". ").replace('"""', "'" * 3)
    if not sentence:
        raise argparse.ArgumentTypeError("it is empty: say what changes, in one sentence")
    return sentence


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a migration; exit with one line when that is not possible."""
    parser = argparse.ArgumentParser(prog="just migration", description=__doc__)
    parser.add_argument("message", type=read_message, help="what changes, in one sentence")
    try:
        asyncio.run(write_migration(parser.parse_args(arguments).message))
    except StartupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
