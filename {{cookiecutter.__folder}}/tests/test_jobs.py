"""Jobs: by the clock, on one replica each time, and with what they ask for."""

import asyncio
from contextlib import suppress

import pytest
from prometheus_client import REGISTRY

from app.domain.settings import Settings
from app.services.job_claims import JobClaims
from app.services.jobs import JobRunner, run_jobs
from app.utils.container import Container
from app.utils.injection import InjectionError
from app.utils.jobs import JobFunction, Worker
from tests.kit.spans import RecordedSpans


def make_runner(function: JobFunction, opened: Container) -> JobRunner:
    worker = Worker()
    worker.every(seconds=60)(function)
    return JobRunner(worker.jobs[0], opened)


async def test_a_job_gets_what_it_asks_for(opened: Container, settings: Settings) -> None:
    seen: list[object] = []

    async def tick(own: Settings) -> None:
        seen.append(own)

    await make_runner(tick, opened).run_once()
    assert seen == [settings]


async def test_each_run_is_a_trace(spans: RecordedSpans, opened: Container) -> None:
    async def tick() -> None:
        """Do nothing."""

    for _ in range(2):
        await make_runner(tick, opened).run_once()
    runs = [span for span in spans.list() if span.name == "job tick"]
    assert [run.parent for run in runs] == [None, None]
    assert len({run.context.trace_id for run in runs}) == 2


async def test_one_of_two_replicas_takes_a_run(opened: Container) -> None:
    first, second = JobClaims(opened), JobClaims(opened)
    assert await first.take("tick", 60)
    assert not await second.take("tick", 60)


async def test_the_next_run_can_be_taken_when_it_is_due(opened: Container) -> None:
    claims = JobClaims(opened)
    assert await claims.take("tick", 0.001)
    async with asyncio.timeout(5):
        while not await claims.take("tick", 60):
            pass


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
    async def counted() -> None:
        if failures:
            raise failures.pop()

    def read(metric: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(metric, {"name": "counted", **labels})

    failures, runner = [RuntimeError("a bug")], make_runner(counted, opened)
    with pytest.raises(RuntimeError):
        await runner.run_once()
    await runner.run_once()
    assert read("job_runs_total", outcome="failed") == 1
    assert read("job_runs_total", outcome="done") == 1
    assert read("job_duration_seconds_count") == 2
