"""The watchdog: blocks that take too long are ended, each in its own time."""

import asyncio
from contextlib import suppress

import pytest

from app.utils import watchdog
from app.utils.watchdog import Watchdog


async def hang(limits: Watchdog) -> None:
    with limits.limit():
        await asyncio.Event().wait()


async def test_a_block_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        await hang(Watchdog(0.01))


async def test_a_block_in_time_is_left_alone() -> None:
    limits = Watchdog(10)
    for _ in range(3):
        with limits.limit():
            await asyncio.sleep(0)


async def test_a_block_that_swallows_its_end_is_ended_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "INSIST_SECONDS", 0.01)

    async def swallow() -> None:
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError), Watchdog(0.01).limit():
        await swallow()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_block_that_ends_after_its_time_leaves_no_end_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "INSIST_SECONDS", 0.01)
    with Watchdog(0.01).limit(), suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.sleep(0.03)


async def test_every_block_has_all_of_its_time() -> None:
    limits, ends = Watchdog(0.1), list[float]()

    async def hang_later(delay: float) -> None:
        await asyncio.sleep(delay)
        started = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await hang(limits)
        ends.append(asyncio.get_running_loop().time() - started)

    await asyncio.gather(*map(hang_later, (0, 0.03, 0.06)))
    # The clock of a loop is not finer than this.
    assert min(ends) >= 0.1 - 0.001


async def test_who_cancels_is_not_told_of_a_timeout() -> None:
    task = asyncio.create_task(hang(Watchdog(10)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_task_goes_on_after_a_timeout() -> None:
    limits = Watchdog(0.01)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await hang(limits)
    await asyncio.sleep(0)


async def test_an_error_of_the_block_is_its_own() -> None:
    with pytest.raises(ValueError, match="mine"), Watchdog(10).limit():
        raise ValueError("mine")
