"""List the jobs and their runs, or let one run now, pause it or go on with it; workers may run."""

import argparse
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.commands.database import open_command_database, run_command
from app.core.errors import StartupError
from app.services.job_clock import read_clock
from app.services.job_figures import (
    pause,
    read_history,
    read_last_runs,
    read_rows,
    request_run,
    resume,
)
from app.services.job_leases import ensure_row
from app.services.job_planning import count_seconds
from app.tables import JobRun, JobSchedule
from app.tasks.worker import worker
from app.utils.jobs import Job

SHOWN = 20
MOST_SHOWN = 10_000


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked for; exit with usage otherwise."""
    parser = argparse.ArgumentParser(prog="just jobs", description=__doc__)
    actions = parser.add_subparsers(dest="action")
    actions.add_parser("list", help="each job with its next and its last run")
    history = actions.add_parser("history", help="the last runs, the newest first")
    history.add_argument("name", nargs="?")
    history.add_argument("--limit", type=read_limit, default=SHOWN, help=f"how many ({SHOWN})")
    for action, text in (
        ("run", "let a worker run it now, besides its planned runs, also when it is paused"),
        ("pause", "begin no planned runs; one that goes on, or is retried, comes to its end"),
        ("resume", "begin planned runs again; those of the meantime are left out"),
    ):
        actions.add_parser(action, help=text).add_argument("name")
    return parser.parse_args(arguments)


def read_limit(text: str) -> int:
    """Return how many runs to show."""
    limit = int(text)
    if not 1 <= limit <= MOST_SHOWN:
        raise argparse.ArgumentTypeError(f"choose 1 to {MOST_SHOWN}, not {text}")
    return limit


@asynccontextmanager
async def open_session() -> AsyncIterator[AsyncSession]:
    """Open the database for one transaction; each job that the code has is in it."""
    async with open_command_database() as database:
        for job in worker.jobs:
            await ensure_row(database, job)
        async with database.begin() as session:
            yield session


async def run(options: argparse.Namespace) -> None:
    """Do what was asked for; raises StartupError, one sentence, when it cannot be done."""
    jobs = {job.name: job for job in worker.jobs}
    name: str = getattr(options, "name", None) or ""
    if name and name not in jobs:
        raise StartupError(f"{name} is no job; there are: {', '.join(sorted(jobs)) or 'none'}")
    async with open_session() as session:
        match options.action:
            case "history":
                show_history(await read_history(session, name or None, limit=options.limit))
            case "run":
                await request_run(session, name)
                print(f"{name}: a worker runs it within seconds")
            case "pause":
                await pause(session, name)
                print(f"{name}: paused")
            case "resume":
                print(f"{name}: runs next at {show(await resume(session, jobs[name]))}")
            case _:
                rows = await read_rows(session)
                runs = await read_last_runs(session, rows)
                moment = await read_clock(session)
                show_jobs([describe(row, runs.get(row.name), jobs, moment) for row in rows])


def describe(
    row: JobSchedule, last: JobRun | None, jobs: dict[str, Job], moment: datetime
) -> tuple[str, ...]:
    """Return the cells of a job."""
    if row.name not in jobs:
        state = "not in the code"
    elif row.lease_until is not None:
        state = "running" if row.lease_until > moment else "lost"
    elif row.paused_at is not None:
        state = "paused"
    elif row.retry_at is not None:
        state = "retrying"
    else:
        state = "late" if row.next_run_at < moment else "waiting"
    next_run_at = row.retry_at or (None if row.paused_at else row.next_run_at)
    next_run = show(next_run_at) if next_run_at else "-"
    ended = f"{last.outcome} {show(last.started_at)}" if last else "never"
    return row.name, row.schedule, state, next_run, ended


def show_jobs(jobs: Iterable[Sequence[str]]) -> None:
    """Print a line for each job."""
    show_table([("JOB", "SCHEDULE", "STATE", "NEXT RUN", "LAST RUN"), *jobs])


def show_history(runs: Iterable[JobRun]) -> None:
    """Print a line for each run."""
    heading = ("STARTED", "JOB", "OUTCOME", "ATTEMPT", "LATE", "TOOK", "PROCESS", "ERROR")
    show_table([heading, *map(describe_run, runs)])


def describe_run(run: JobRun) -> tuple[str, ...]:
    """Return the cells of a run."""
    late = count_seconds(run.planned_at, run.started_at)
    took = f"{count_seconds(run.started_at, run.ended_at):.1f} s" if run.ended_at else "-"
    error = (run.error or "").partition("\n")[0]
    cells = (run.name, run.outcome, str(run.attempt), f"{late:.0f} s", took, run.holder, error)
    return show(run.started_at), *cells


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def show(moment: datetime) -> str:
    """Return a moment as people read it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what was asked for; exit with one line when it cannot be done."""
    run_command(run(read_options(arguments)))


if __name__ == "__main__":
    main()
