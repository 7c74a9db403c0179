"""Show what waits in the outbox, or let what the broker has refused be published again."""

import argparse
from collections.abc import Sequence

from app.commands.database import open_command_database, run_command
from app.services.outbox.figures import (
    measure_deferred,
    measure_outbox,
    measure_topics,
    retry_failed,
)


async def show() -> None:
    """Print the outbox's size and age, a line for each topic and state, and why some wait."""
    async with open_command_database() as database, database.begin() as session:
        figures = await measure_outbox(session)
        topics = await measure_topics(session)
        deferred = await measure_deferred(session)
    print(f"waiting    {figures.waiting}")
    print(f"oldest     {figures.age_seconds:.0f} seconds")
    print(f"put off    {figures.put_off}")
    print(f"failed     {figures.failed}")
    for each in topics:
        error = f": {each.error}" if each.error else ""
        print(f"{each.state:<10} {each.count} {each.topic}{error}")
    for topic in deferred:
        print(
            f"deferred   {topic.topic} for {topic.seconds:.0f} seconds, tried again in "
            f"{topic.next_seconds:.0f}: {topic.reason}: {topic.error}"
        )


async def retry() -> None:
    """Make failed messages due, and print how many."""
    async with open_command_database() as database, database.begin() as session:
        count = await retry_failed(session)
    print(f"{count} failed messages are due again")


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what was asked; exit with one line when the database does not answer."""
    parser = argparse.ArgumentParser(prog="just outbox", description=__doc__)
    parser.add_argument("action", nargs="?", choices=("show", "retry"), default="show")
    action = retry if parser.parse_args(arguments).action == "retry" else show
    run_command(action())


if __name__ == "__main__":
    main()
