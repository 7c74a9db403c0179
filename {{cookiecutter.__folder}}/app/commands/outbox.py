"""Show what waits in the outbox, or let what the broker has refused be published again."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import load_core_settings
from app.core.errors import StartupError, UnavailableError
from app.database import open_database
from app.database_errors import translate_errors
from app.services.outbox.figures import measure_outbox, measure_topics, retry_failed


@asynccontextmanager
async def open_session() -> AsyncIterator[AsyncSession]:
    """Open the database for one transaction."""
    settings = load_core_settings().database
    with translate_errors():
        async with (
            open_database(settings, connections=1) as database,
            database.begin() as session,
        ):
            yield session


async def show() -> None:
    """Print the outbox's size and age, and one line for each topic and state."""
    async with open_session() as session:
        figures = await measure_outbox(session)
        topics = await measure_topics(session)
    print(f"waiting    {figures.waiting}")
    print(f"oldest     {figures.age_seconds:.0f} seconds")
    print(f"put off    {figures.put_off}")
    print(f"failed     {figures.failed}")
    for each in topics:
        error = f": {each.error}" if each.error else ""
        print(f"{each.state:<10} {each.count} {each.topic}{error}")


async def retry() -> None:
    """Make failed messages due, and print how many."""
    async with open_session() as session:
        count = await retry_failed(session)
    print(f"{count} failed messages are due again")


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what was asked; exit with one line when the database does not answer."""
    parser = argparse.ArgumentParser(prog="just outbox", description=__doc__)
    parser.add_argument("action", nargs="?", choices=("show", "retry"), default="show")
    action = retry if parser.parse_args(arguments).action == "retry" else show
    try:
        asyncio.run(action())
    except StartupError as error:
        sys.exit(str(error))
    except UnavailableError as error:
        sys.exit(f"DATABASE_URL: {error}")


if __name__ == "__main__":
    main()
