"""Run tasks: take what is due, compute it in other processes, and record what came of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from app.core.errors import UnavailableError
from app.core.tracing import follow_trace
from app.domain import runs
from app.domain.runs import Run
from app.domain.settings import Settings
from app.resources import ComputationError, Computer, Resources
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.background import repeat, run_in_background
from app.utils.logger import Logger

logger = Logger(__name__)

# Tasks that others were told of are looked for this often, and leases kept.
LOOK_SECONDS = 1.0
RETURN_SECONDS = 5.0


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and what records that."""

    name: str
    record: Callable[[UnitOfWork], Awaitable[bool]]


@dataclass(eq=False)
class Execution:
    """A run at work."""

    run: Run
    until: float
    """When it ends unless it is kept, by the monotonic clock: not after its lease."""
    computer: Computer | None = None
    is_computed: bool = False
    work: asyncio.Task[None] = field(init=False)

    @property
    def progress(self) -> float:
        """Which part of it is done."""
        return self.computer.progress if self.computer else 0.0


class Runner:
    """Runs tasks, as many at a time as the settings allow."""

    def __init__(self, begin: UnitOfWorkFactory, resources: Resources, settings: Settings) -> None:
        """Record in units of work; compute in the resources' processes."""
        self._begin = begin
        self._resources = resources
        self._settings = settings
        self._executions: set[Execution] = set()

    async def run(self) -> None:
        """Run what is due until this is cancelled; then give back what is not finished."""
        try:
            async with run_in_background(repeat(self._keep_all, LOOK_SECONDS)):
                while True:
                    self._resources.news.clear()
                    await self._take()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._resources.news.wait(), LOOK_SECONDS)
        finally:
            await self._give_back()

    async def _take(self) -> None:
        """Begin as much of what is due as there is room for."""
        room = self._settings.task_processes - len(self._executions)
        if room == 0:
            return
        until = self._measure_lease()
        try:
            async with self._begin() as uow:
                taken = await runs.take_runs(uow, self._settings, count=room)
        except UnavailableError as error:
            logger.warning("no tasks taken, trying again", error=str(error))
            return
        for run in taken:
            execution = Execution(run, until)
            self._executions.add(execution)
            execution.work = asyncio.create_task(self._execute(execution))

    async def _execute(self, execution: Execution) -> None:
        """Compute, and record what came of it."""
        run = execution.run
        try:
            with follow_trace(run.traceparent):
                logger.info("task begun", number=run.number, kind=run.kind, attempt=run.attempt)
                outcome = await self._compute(execution)
                is_ours = await self._record(outcome)
                name = outcome.name if is_ours else "lost"
                logger.info("task ended", number=run.number, attempt=run.attempt, outcome=name)
        except Exception:
            # Nobody waits for this; when its lease is over, the task is taken up again.
            logger.exception("task given up", number=run.number)
        finally:
            self._executions.discard(execution)
            self._resources.news.set()

    async def _compute(self, execution: Execution) -> Outcome:
        """Compute, and return how that ended."""
        run, settings = execution.run, self._settings
        try:
            async with self._resources.computers.lend() as computer:
                execution.computer = computer
                async with asyncio.timeout(settings.task_seconds):
                    until = execution.until
                    result = await computer.compute(run.kind, run.parameters, until=until)
        except (ComputationError, TimeoutError) as failure:
            if time.monotonic() >= execution.until:
                # The database could not be told in time, for which the task is not to blame.
                return Outcome("returned", lambda uow: runs.return_run(uow, run))
            error = str(failure) or f"it took longer than {settings.task_seconds:g} s"
            logger.warning("attempt failed", number=run.number, error=error)
            return Outcome("failed", lambda uow: runs.fail_run(uow, settings, run, error))
        finally:
            execution.is_computed = True
        return Outcome("finished", lambda uow: runs.finish_run(uow, run, result))

    async def _record(self, outcome: Outcome) -> bool:
        """Record until the database has it; False when another has the task by now."""
        while True:
            try:
                async with self._begin() as uow:
                    return await outcome.record(uow)
            except UnavailableError as error:
                logger.warning("nothing recorded, trying again", error=str(error))
                await asyncio.sleep(LOOK_SECONDS)

    async def _keep_all(self) -> None:
        """Keep what is at work for longer, and end what is no longer ours."""
        executions = list(self._executions)
        if not executions:
            return
        until = self._measure_lease()
        async with self._begin() as uow:
            kept = [
                await runs.keep_run(uow, self._settings, each.run, progress=each.progress)
                for each in executions
            ]
        for execution, is_ours in zip(executions, kept, strict=True):
            execution.until = until if is_ours else execution.until
            if execution.is_computed:
                continue
            if not is_ours:
                logger.info("task taken away", number=execution.run.number)
                execution.work.cancel()
            elif execution.computer:
                execution.computer.extend(until)

    async def _give_back(self) -> None:
        """End what is at work, and let others have it at once."""
        executions = list(self._executions)
        for execution in executions:
            execution.work.cancel()
        await asyncio.gather(*(each.work for each in executions), return_exceptions=True)
        with suppress(UnavailableError, TimeoutError):
            async with asyncio.timeout(RETURN_SECONDS), self._begin() as uow:
                for execution in executions:
                    await runs.return_run(uow, execution.run)

    def _measure_lease(self) -> float:
        """Return when a lease that begins now ends, by the monotonic clock."""
        return time.monotonic() + self._settings.task_lease_seconds
