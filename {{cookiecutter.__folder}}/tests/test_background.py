"""Work in the background goes on, whatever becomes of it."""

import asyncio
from contextlib import suppress

import pytest

from app.core.errors import UnavailableError
from app.utils import background
from app.utils.background import repeat, run_in_background


async def test_work_that_fails_is_done_again(caplog: pytest.LogCaptureFixture) -> None:
    done, calls = asyncio.Event(), []

    async def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a bug")
        done.set()

    async with run_in_background(repeat(work, 0.001)), asyncio.timeout(5):
        await done.wait()
    assert caplog.messages == ["work in the background failed"]


async def test_an_outage_that_work_meets_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    done, calls = asyncio.Event(), []

    async def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise UnavailableError("no answer")
        done.set()

    async with run_in_background(repeat(work, 0.001)), asyncio.timeout(5):
        await done.wait()
    assert [(each.levelname, each.exc_info) for each in caplog.records] == [("WARNING", None)]


async def test_work_that_swallows_its_cancellation_is_not_done_again() -> None:
    begun, calls = asyncio.Event(), []

    async def work() -> None:
        calls.append(1)
        begun.set()
        if len(calls) == 1:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    async with asyncio.timeout(5), run_in_background(repeat(work, 3600)):
        await begun.wait()
    assert len(calls) == 1


async def test_work_that_goes_on_although_it_was_cancelled_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "INSIST_SECONDS", 0.01)
    begun = asyncio.Event()

    async def work() -> None:
        for _ in range(3):
            begun.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        await asyncio.Event().wait()

    async with asyncio.timeout(5), run_in_background(work()):
        await begun.wait()
