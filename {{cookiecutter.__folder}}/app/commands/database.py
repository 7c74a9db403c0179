"""How commands use the database: one connection to it, and one line for what goes wrong."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from app.core.config import load_core_settings
from app.core.errors import StartupError, UnavailableError
from app.database import Database, open_database
from app.database_errors import translate_errors


@asynccontextmanager
async def open_command_database() -> AsyncIterator[Database]:
    """Open the database of the settings for a command."""
    settings = load_core_settings().database
    with translate_errors():
        async with open_database(settings, connections=1) as database:
            yield database


def run_command(work: Coroutine[Any, Any, None]) -> None:
    """Do the work of a command; exit with one line when it cannot be done."""
    try:
        asyncio.run(work)
    except StartupError as error:
        sys.exit(str(error))
    except UnavailableError as error:
        sys.exit(f"DATABASE_URL: {error}")
    except SQLAlchemyError as error:
        sys.exit(f"DATABASE_URL: {str(error).splitlines()[0]}; do its tables need `just migrate`?")
