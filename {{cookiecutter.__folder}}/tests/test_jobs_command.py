"""`just jobs`: what runs when, how it went, and a run now, a pause and its end."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.commands import jobs as command
from app.commands.jobs import main
from app.core.config import CoreSettings
from app.core.metrics import JOB_LATE_SECONDS
from app.database import Database, open_database
from app.domain.settings import Settings
from app.lifespan import open_container
from app.services.job_figures import show_lateness
from app.services.job_runner import JobRunner
from app.tables import JobRun, JobSchedule
from app.utils.container import Container
from app.utils.jobs import Worker
from tests.job_kit import share_clock
from tests.kit.clock import Clock

NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


@pytest.fixture(autouse=True)
def clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock.moment = NOON
    return share_clock(clock, monkeypatch)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker with two jobs, of which one fails."""
    worker = Worker()

    @worker.cron("0 3 * * *", timezone="Europe/Berlin")
    async def fail() -> None:
        raise RuntimeError("a bug\nwith details")

    @worker.every(seconds=60)
    async def tick() -> None:
        """Do nothing."""

    monkeypatch.setattr(command, "worker", worker)
    return worker


def work(core: CoreSettings, settings: Settings, worker: Worker) -> None:
    """Run every job that is due."""

    async def run() -> None:
        async with open_container(core, settings) as opened:
            for job in worker.jobs:
                await JobRunner(job, opened).run_if_due()

    asyncio.run(run())


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> "Lines":
    return Lines(capsys)


class Lines:
    """What a command prints, as lines of cells."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> list[list[str]]:
        self._capsys.readouterr()
        main(arguments)
        printed = self._capsys.readouterr().out
        return [
            [cell.strip() for cell in line.split("  ") if cell] for line in printed.splitlines()
        ]


def test_jobs_are_listed_with_their_next_and_their_last_run(
    core: CoreSettings, settings: Settings, worker: Worker, clock: Clock, lines: Lines
) -> None:
    heading, *rows = lines()
    assert heading == ["JOB", "SCHEDULE", "STATE", "NEXT RUN", "LAST RUN"]
    assert rows == [
        ["fail", "0 3 * * * Europe/Berlin", "waiting", "2026-03-02 02:00:00", "never"],
        ["tick", "every 60 s", "waiting", "2026-03-01 12:00:00", "never"],
    ]
    work(core, settings, worker)
    assert lines("list")[2][2:] == ["waiting", "2026-03-01 12:01:00", "done 2026-03-01 12:00:00"]
    clock.advance(90)
    assert lines("list")[2][2:4] == ["late", "2026-03-01 12:01:00"]


def test_a_run_can_be_had_now_and_its_history_be_seen(
    core: CoreSettings, settings: Settings, worker: Worker, clock: Clock, lines: Lines
) -> None:
    work(core, settings, worker)
    assert lines("run", "fail") == [["fail: a worker runs it within seconds"]]
    clock.advance(2)
    work(core, settings, worker)
    assert lines("list")[1][2:] == [
        "retrying",
        "2026-03-01 12:00:07",
        "retried 2026-03-01 12:00:02",
    ]
    heading, (started, *cells), *more = lines("history", "fail")
    assert heading[:7] == ["STARTED", "JOB", "OUTCOME", "ATTEMPT", "LATE", "TOOK", "PROCESS"]
    assert (started, cells[:5]) == ("2026-03-01 12:00:02", ["fail", "retried", "1", "2 s", "0.0 s"])
    assert cells[6:] == ["RuntimeError: a bug"]
    assert more == []
    assert [row[1] for row in lines("history", "--limit", "9")[1:]] == ["fail", "tick"]


def test_a_paused_job_runs_only_when_it_is_told_to_and_goes_on_when_resumed(
    core: CoreSettings, settings: Settings, worker: Worker, clock: Clock, lines: Lines
) -> None:
    work(core, settings, worker)
    assert lines("pause", "tick") == [["tick: paused"]]
    clock.advance(200)
    work(core, settings, worker)
    assert lines("list")[2][2:] == ["paused", "-", "done 2026-03-01 12:00:00"]
    lines("run", "tick")
    work(core, settings, worker)
    work(core, settings, worker)
    assert lines("list")[2][2:] == ["paused", "-", "done 2026-03-01 12:03:20"]
    # What was missed in the pause is not made up for.
    assert lines("resume", "tick") == [["tick: runs next at 2026-03-01 12:04:00"]]
    work(core, settings, worker)
    assert len(lines("history", "tick")) == 1 + 2
    clock.advance(40)
    work(core, settings, worker)
    assert len(lines("history", "tick")) == 1 + 3


def change(core: CoreSettings, row: JobSchedule | JobRun) -> None:
    """Write a row."""

    async def write() -> None:
        async with (
            open_database(core.database, connections=1) as database,
            database.begin() as session,
        ):
            await session.merge(row)

    asyncio.run(write())


@pytest.mark.parametrize(("seconds", "state"), [(5, "running"), (-5, "lost")])
def test_what_runs_is_told_from_what_was_lost(
    core: CoreSettings, lines: Lines, seconds: float, state: str
) -> None:
    until = NOON + timedelta(seconds=seconds)
    row = JobSchedule(name="tick", schedule="every 60 s", next_run_at=NOON, token=1)
    row.lease_until = until
    change(core, row)
    assert lines("list")[2][2] == state


def test_a_job_that_the_code_has_no_more_is_shown_as_such(core: CoreSettings, lines: Lines) -> None:
    change(core, JobSchedule(name="gone", schedule="every 1 s", next_run_at=NOON, token=0))
    assert [row[0] for row in lines("list") if "not in the code" in row] == ["gone"]


def test_a_name_that_is_none_is_one_line(core: CoreSettings) -> None:
    del core
    for action in ("run", "pause", "resume", "history"):
        with pytest.raises(SystemExit, match=r"^tock is no job; there are: fail, tick$"):
            main([action, "tock"])


@pytest.mark.parametrize("limit", ["-1", "0", "9" * 20, "many"])
def test_a_history_without_a_sensible_end_is_refused(
    limit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["history", f"--limit={limit}"])
    assert "argument --limit: " in capsys.readouterr().err.splitlines()[-1]


async def test_how_late_a_job_is_can_be_measured(
    opened: Container, worker: Worker, clock: Clock
) -> None:
    for job in worker.jobs:
        await JobRunner(job, opened).run_if_due()
    clock.advance(60 + 25)
    await show_lateness(worker.jobs, opened)
    assert JOB_LATE_SECONDS.values == {("tick",): 25, ("fail",): 0}
    async with opened[Database].begin() as session:
        (await session.get_one(JobSchedule, "tick")).paused_at = clock()
    await show_lateness(worker.jobs, opened)
    assert JOB_LATE_SECONDS.values == {("tick",): 0, ("fail",): 0}

    async def hang(_: object) -> datetime:
        await asyncio.Event().wait()
        return NOON

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.services.job_figures.LIMIT_SECONDS", 0.01)
        # Not a statement: SQLite's thread would go on with it when the test is over.
        patch.setattr("app.services.job_figures.read_clock", hang)
        await show_lateness(worker.jobs, opened)
    assert JOB_LATE_SECONDS.values == {}
