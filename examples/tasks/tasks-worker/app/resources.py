"""The long-lived resources of this service's own: the processes that compute."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.settings import Settings

COMMAND = (sys.executable, "-m", "app.domain.computations")
ROOT = Path(__file__).parents[1]
LONGEST_LINE = 16 * 1024 * 1024


class ComputationError(RuntimeError):
    """A computation came to no result; the message says why."""


class Computer:
    """A process that computes one thing at a time."""

    def __init__(self, process: Process) -> None:
        """Take a process that has been started."""
        self.progress = 0.0
        """Which part of the present computation is done."""
        self._process = process
        self._run = 0

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Tell whether it can compute."""
        return self._process.returncode is None

    async def compute(
        self, kind: str, parameters: dict[str, Any], *, until: float
    ) -> dict[str, Any]:
        """Return the result; raises ComputationError.

        The process ends at a moment of the monotonic clock, unless that is extended.
        """
        self._run += 1
        self.progress = 0.0
        self._send(kind=kind, parameters=parameters, until=until)
        while line := await self._read():
            match json.loads(line):
                case {"progress": float(part)}:
                    self.progress = part
                case {"result": result}:
                    return dict(result)
                case {"error": error}:
                    raise ComputationError(error)
        await self._process.wait()
        raise ComputationError("the process that computed it died")

    def extend(self, until: float) -> None:
        """Let the present computation go on for longer."""
        self._send(until=until)

    async def kill(self) -> None:
        """End the process, and whatever it does."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def _send(self, **facts: Any) -> None:
        if self.is_alive and self._process.stdin:
            self._process.stdin.write(f"{json.dumps({'run': self._run, **facts})}\n".encode())

    async def _read(self) -> bytes:
        return await self._process.stdout.readline() if self._process.stdout else b""


@dataclass
class Computers:
    """Processes that are kept for the next computation."""

    _idle: list[Computer] = field(default_factory=list)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Computer]:
        """Lend a process that is free, or a new one; it is ended when the block raises."""
        computer = self._idle.pop() if self._idle else await self._start()
        if not computer.is_alive:
            computer = await self._start()
        try:
            yield computer
        except BaseException:
            await computer.kill()
            raise
        self._idle.append(computer)

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(*(computer.kill() for computer in self._idle))

    async def _start(self) -> Computer:
        # A session of its own: what is sent to a terminal's processes is for the worker to hear.
        process = await asyncio.create_subprocess_exec(
            *COMMAND, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE, start_new_session=True
        )
        return Computer(process)


@dataclass(frozen=True)
class Resources:
    """What lives as long as the process; handlers, jobs and routes may ask for it."""

    computers: Computers = field(default_factory=Computers)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there may be something to run."""

    async def tell(self) -> None:
        """Say that there may be something to run."""
        self.news.set()


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the resources before the first request and close them after the last."""
    resources = Resources()
    try:
        yield resources
    finally:
        await resources.computers.close()
