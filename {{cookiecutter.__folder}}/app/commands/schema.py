"""Wait until the migrations of this version have run, before a process of it starts."""

import asyncio
import logging
import signal
import sys

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.core.config import CoreSettings, load_core_settings
from app.core.errors import StartupError
from app.core.logger_config import configure_logging
from app.core.uncaught import log_uncaught
from app.database import open_database
from app.services.migrations import ALEMBIC_INI
from app.utils.logger import Logger

PAUSE_SECONDS = 2.0

logger = Logger("app.commands.schema")


def find_missing(connection: Connection) -> set[str]:
    """Return the last migrations of this version that have not run.

    None are missing where the tables know one that this version does not: a newer version has
    migrated them, and old code runs on new tables.
    """
    script = ScriptDirectory.from_config(Config(ALEMBIC_INI))
    known = {each.revision for each in script.walk_revisions()}
    applied = set(MigrationContext.configure(connection).get_current_heads())
    return set() if applied - known else set(script.get_heads()) - applied


async def examine(core: CoreSettings) -> str | None:
    """Return why no process can start yet, or None when one can."""
    try:
        async with (
            open_database(core.database, connections=1) as database,
            database.engine.connect() as connection,
        ):
            missing = await connection.run_sync(find_missing)
    except (StartupError, SQLAlchemyError) as error:
        return str(error).splitlines()[0]
    return f"not migrated to {', '.join(sorted(missing))}" if missing else None


async def wait(core: CoreSettings) -> None:
    """Return when a process can start; log each reason why not, once."""
    said = None
    while reason := await examine(core):
        if reason != said:
            logger.warning("waiting for the migration", reason=reason)
            said = reason
        await asyncio.sleep(PAUSE_SECONDS)


def main() -> None:
    """Wait; exit with one line when the settings are wrong."""
    # The first process of a container ignores SIGTERM unless it says what to do.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        core = load_core_settings()
        configure_logging(core)
        log_uncaught()
        # It would say at each look that it looks.
        logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
        asyncio.run(wait(core))
    except StartupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
