"""Processes that compute: they are kept, and they end when they have to."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.domain.computations.__main__ import say
from app.resources import ROOT, ComputationError, Computer, Computers
from tests.service.kit import LONG, PATIENCE_SECONDS

# Starts a computation, says which process does it, and waits.
STARTER = """
import asyncio, time
from app.resources import Computers

async def main():
    async with Computers().lend() as computer:
        print(computer.pid, flush=True)
        await computer.compute("primes", {"limit": 10_000_000_000}, until=time.monotonic() + 60)

asyncio.run(main())
"""


@pytest.fixture
async def computers() -> AsyncIterator[Computers]:
    computers = Computers()
    yield computers
    await computers.close()


async def wait_for(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if look():
                return
            await asyncio.sleep(0.02)


def soon() -> float:
    return time.monotonic() + PATIENCE_SECONDS


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    # One that has ended may wait for whoever inherited it to notice.
    return state != "Z"


async def test_a_process_computes_one_thing_after_another(computers: Computers) -> None:
    pids = set()
    for limit, count in [(100, 25), (1000, 168)]:
        async with computers.lend() as computer:
            pids.add(computer.pid)
            result = await computer.compute("primes", {"limit": limit}, until=soon())
            assert result["count"] == count
    assert len(pids) == 1


async def test_what_goes_wrong_is_told_and_the_process_goes_on(computers: Computers) -> None:
    async with computers.lend() as computer:
        with pytest.raises(ComputationError, match=r"^ValueError: the equations have no single"):
            await computer.compute(
                "equations", {"coefficients": [[0.0]], "constants": [1.0]}, until=soon()
            )
        assert (await computer.compute("queens", {"size": 4}, until=soon()))["ways"] == 2


async def test_what_is_too_large_is_told_so(computers: Computers) -> None:
    async with computers.lend() as computer:
        with pytest.raises(ComputationError, match=r"^OverflowError: the numbers become too large"):
            await computer.compute(
                "equations", {"coefficients": [[5e-324]], "constants": [1e308]}, until=soon()
            )
        assert (await computer.compute("queens", {"size": 4}, until=soon()))["ways"] == 2


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_a_result_that_no_json_can_write_is_told_as_too_large(number: float) -> None:
    with pytest.raises(OverflowError, match="the result is too large to be written"):
        say(result={"area": [number]})


async def test_its_progress_is_known(computers: Computers) -> None:
    async with computers.lend() as computer:
        work = asyncio.create_task(computer.compute("primes", LONG, until=soon()))
        await wait_for(lambda: 0 < computer.progress < 1)
        await computer.kill()
        with pytest.raises(ComputationError, match="died"):
            await work


async def test_it_ends_with_its_time(computers: Computers) -> None:
    async with computers.lend() as computer:
        with pytest.raises(ComputationError, match="the process that computed it died"):
            await computer.compute("primes", LONG, until=time.monotonic() + 0.5)
        assert not computer.is_alive
    async with computers.lend() as another:
        assert (await another.compute("queens", {"size": 4}, until=soon()))["ways"] == 2


async def test_its_time_can_be_extended_and_is_not_counted_while_it_is_idle(
    computers: Computers,
) -> None:
    async with computers.lend() as computer:
        until = time.monotonic() + 1
        work = asyncio.create_task(computer.compute("primes", {"limit": 30_000_000}, until=until))
        await asyncio.sleep(0)
        computer.extend(soon())
        await work
        await computer.compute("queens", {"size": 4}, until=time.monotonic() + 0.5)
        await asyncio.sleep(0.7)
        assert computer.is_alive


async def test_it_ends_when_whoever_needs_it_gives_up(computers: Computers) -> None:
    kept: list[Computer] = []

    async def compute() -> None:
        async with computers.lend() as computer:
            kept.append(computer)
            await computer.compute("primes", LONG, until=soon())

    work = asyncio.create_task(compute())
    await wait_for(lambda: bool(kept))
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not kept[0].is_alive


async def test_it_dies_with_the_worker_however_that_dies() -> None:
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert starter.stdout is not None
    pid = int(await starter.stdout.readline())
    assert is_alive(pid)
    starter.send_signal(signal.SIGKILL)
    await starter.wait()
    await wait_for(lambda: not is_alive(pid))
