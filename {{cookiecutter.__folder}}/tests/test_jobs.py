"""Jobs: by the clock, on one replica each time, and with what they ask for."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from app.domain.settings import Settings
# {% if cookiecutter.database != "none" %}
from app.services.job_runner import JobRunner
# {% endif %}
# {% if cookiecutter.database == "none" %}
from app.services.job_scheduler import JobRunner
# {% endif %}
from app.services.jobs import run_jobs
from app.utils.container import Container
from app.utils.injection import InjectionError
from app.utils.jobs import Job, JobFunction, Worker
# {% if cookiecutter.database == "none" %}
from app.utils.schedules import Cron, Every
# {% endif %}
# {% if cookiecutter.database != "none" %}
from app.utils.schedules import Every
from tests.job_kit import is_planned, read_outcomes, share_clock, wait_until
# {% endif %}
from tests.kit.clock import Clock
from tests.kit.spans import RecordedSpans

# {% if cookiecutter.database != "none" %}
# A run that fails is not tried again.
ATTEMPTS: dict[str, Any] = {"attempts": 1}
# {% endif %}
# {% if cookiecutter.database == "none" %}
ATTEMPTS: dict[str, Any] = {}
# {% endif %}


def make_runner(
    function: JobFunction, opened: Container, how: dict[str, Any] | None = None
) -> JobRunner:
    name = function.__name__
    job = Job(name=name, schedule=Every(60), function=function, **(how or {}))
    return JobRunner(job, opened)


async def test_a_job_gets_what_it_asks_for(opened: Container, settings: Settings) -> None:
    seen: list[object] = []

    async def tick(own: Settings) -> None:
        seen.append(own)

    await make_runner(tick, opened).run_if_due()
    assert seen == [settings]


async def test_each_run_is_a_trace(spans: RecordedSpans, opened: Container) -> None:
    async def tick() -> None:
        """Do nothing."""

    async def tock() -> None:
        """Do nothing."""

    for job in (tick, tock):
        await make_runner(job, opened).run_if_due()
    runs = [span for span in spans.list() if span.name in ("job tick", "job tock")]
    assert [run.parent for run in runs] == [None, None]
    assert len({run.context.trace_id for run in runs}) == 2


async def test_one_of_two_replicas_takes_a_run(opened: Container) -> None:
    runs: list[None] = []

    async def tick() -> None:
        runs.append(None)

    for _ in range(2):
        await make_runner(tick, opened).run_if_due()
    assert len(runs) == 1


async def test_jobs_are_told_apart_to_the_letter(opened: Container) -> None:
    names = ["tick", "Tick", "tick ", "tick\t", "t\u00edck", "ti\u0301ck", "tic\u200bk"]
    runs: list[str] = []

    def make(name: str) -> JobRunner:
        async def tick() -> None:
            runs.append(name)

        return JobRunner(Job(name=name, schedule=Every(60), function=tick), opened)

    for each in [*names, *names]:
        await make(each).run_if_due()
    assert runs == names


async def test_asking_for_what_is_not_there_fails_at_the_start(opened: Container) -> None:
    async def tick(colour: bytes) -> None:
        raise AssertionError(colour)

    with pytest.raises(InjectionError, match="asks for colour: bytes"):
        make_runner(tick, opened)


def test_two_jobs_cannot_have_one_name() -> None:
    async def tick() -> None:
        raise AssertionError

    worker = Worker()
    worker.every(seconds=1)(tick)
    with pytest.raises(ValueError, match="two jobs are named 'tick'"):
        worker.every(seconds=1)(tick)


def test_a_duty_cannot_have_the_name_of_a_job() -> None:
    async def tick() -> None:
        raise AssertionError

    worker = Worker()
    worker.every(seconds=1)(tick)
    with pytest.raises(ValueError, match="two jobs are named 'tick'"):
        worker.always()(tick)


async def test_a_duty_runs_on_every_replica_until_the_worker_stops(
    opened: Container, settings: Settings
) -> None:
    begun: asyncio.Queue[Settings] = asyncio.Queue()
    ended: list[Settings] = []

    async def watch(own: Settings) -> None:
        begun.put_nowait(own)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(own)

    worker = Worker()
    worker.always()(watch)
    async with run_jobs(worker, opened), run_jobs(worker, opened), asyncio.timeout(5):
        assert [await begun.get(), await begun.get()] == [settings, settings]
        assert ended == []
    assert ended == [settings, settings]


async def test_a_duty_that_fails_begins_again(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.jobs.PAUSE_SECONDS", 0)
    begun = asyncio.Semaphore(0)

    async def stumble() -> None:
        begun.release()
        raise RuntimeError("a bug")

    worker = Worker()
    worker.always()(stumble)
    async with run_jobs(worker, opened), asyncio.timeout(5):
        for _ in range(2):
            await begun.acquire()


@pytest.mark.parametrize("is_duty", [True, False])
async def test_work_that_swallows_its_cancellation_keeps_no_worker_from_ending(
    opened: Container, *, is_duty: bool
) -> None:
    begun: list[None] = []
    running = asyncio.Event()

    async def stay() -> None:
        begun.append(None)
        running.set()
        if len(begun) == 1:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    worker = Worker()
    (worker.always() if is_duty else worker.every(seconds=3600))(stay)
    async with asyncio.timeout(5), run_jobs(worker, opened):
        await running.wait()
    assert len(begun) == 1


async def test_a_duty_that_asks_for_what_is_not_there_fails_at_the_start(
    opened: Container,
) -> None:
    async def watch(colour: bytes) -> None:
        raise AssertionError(colour)

    worker = Worker()
    worker.always()(watch)
    with pytest.raises(InjectionError, match="asks for colour: bytes"):
        async with run_jobs(worker, opened):
            pass


async def test_a_run_is_counted_by_how_it_ended(opened: Container) -> None:
    async def well() -> None:
        """Do nothing."""

    async def badly() -> None:
        raise RuntimeError("a bug")

    def read(metric: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(metric, labels)

    await make_runner(well, opened).run_if_due()
    await make_runner(badly, opened, ATTEMPTS).run_if_due()
    assert read("job_runs_total", name="well", outcome="done") == 1
    assert read("job_runs_total", name="badly", outcome="failed") == 1
    assert read("job_duration_seconds_count", name="badly") == 1


async def test_a_run_that_takes_too_long_is_ended_and_has_failed(opened: Container) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        await make_runner(hang, opened, {"timeout": 0.01, **ATTEMPTS}).run_if_due()
    assert REGISTRY.get_sample_value("job_runs_total", {"name": "hang", "outcome": "failed"}) == 1


async def test_a_cron_job_runs_when_its_moment_comes(
    clock: Clock, opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.moment = datetime(2026, 3, 1, 2, 59, 59, 950_000, tzinfo=UTC)
    # {% if cookiecutter.database != "none" %}
    share_clock(clock, monkeypatch)
    # {% endif %}
    runs = asyncio.Semaphore(0)
    # {% if cookiecutter.database == "none" %}
    planned, plan = asyncio.Semaphore(0), Cron.find_first

    def find_first(cron: Cron, moment: datetime) -> datetime:
        planned.release()
        return plan(cron, moment)

    monkeypatch.setattr(Cron, "find_first", find_first)
    # {% endif %}

    async def tick() -> None:
        runs.release()

    # {% if cookiecutter.database != "none" %}
    async def is_done() -> bool:
        return await read_outcomes(opened, "tick") == [(1, "done")]

    # {% endif %}
    worker = Worker()
    worker.cron("0 3 * * *")(tick)
    async with run_jobs(worker, opened), run_jobs(worker, opened), asyncio.timeout(60):
        # {% if cookiecutter.database != "none" %}
        await wait_until(lambda: is_planned(opened, "tick"))
        # {% endif %}
        # {% if cookiecutter.database == "none" %}
        for _ in range(2):
            await planned.acquire()
        # {% endif %}
        assert runs.locked()
        clock.advance(0.1)
        await runs.acquire()
        # {% if cookiecutter.database != "none" %}
        # Whoever is stopped before its run has ended hands it back, and it is made again.
        await wait_until(is_done)
        # {% endif %}
    assert runs.locked()
