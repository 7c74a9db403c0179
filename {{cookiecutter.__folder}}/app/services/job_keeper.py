"""Keep the lease of a job while it runs, and cancel the run when the lease is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.services import job_leases
from app.services.job_leases import JobLeaseLostError, JobLeases
from app.utils.jobs import Run
from app.utils.logger import Logger

logger = Logger(__name__)

# Parts of the lease's length: when it is renewed, and how soon again when that failed.
RENEWED_PART = 1 / 3
RETRIED_PART = 1 / 15
STOP_SECONDS = 1.0


class LeaseKeeper:
    """Renews the lease of one run in the background."""

    def __init__(self, leases: JobLeases, run: Run) -> None:
        """Know the run, whose lease has just been taken."""
        self._leases = leases
        self._run = run
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._is_lost = False

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Renew the lease during the block.

        When it is lost the block is cancelled, and JobLeaseLostError raised.
        """
        try:
            async with asyncio.timeout(None) as scope:
                self._task = asyncio.create_task(self._keep_renewing(scope))
                try:
                    yield
                finally:
                    await self.stop()
        except TimeoutError as error:
            if self._is_lost:
                raise JobLeaseLostError(f"the lease of job {self._run.job!r} has ended") from error
            raise

    async def stop(self) -> None:
        """Renew it no more: the run is about to end."""
        self._stopping.set()
        if self._task is not None:
            # A renewal that has begun is worth a moment, one that nobody answers is not.
            await asyncio.wait([self._task], timeout=STOP_SECONDS)
            self._task.cancel()

    async def _keep_renewing(self, scope: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        length = job_leases.LEASE_SECONDS
        ends_at, pause = loop.time() + length, length * RENEWED_PART
        while not self._is_lost:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
                    return
            asked_at, pause = loop.time(), length * RENEWED_PART
            try:
                # On SQLite the run's own transaction may keep the lease from being renewed.
                async with asyncio.timeout_at(None if self._leases.is_file else ends_at):
                    await self._leases.renew(self._run)
                ends_at = asked_at + length
            except JobLeaseLostError:
                self._is_lost = True
            except Exception as error:  # noqa: BLE001 - whatever it was, the next time may do
                self._is_lost = not self._leases.is_file and loop.time() >= ends_at
                pause = length * RETRIED_PART
                if not self._leases.is_file:
                    logger.warning("job lease not renewed", job=self._run.job, error=repr(error))
        scope.reschedule(loop.time())
