"""One suspect at a time has the turn, unless it waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.utils.turns import HandedBackError, Turn, at_rest, resting_by


async def test_whoever_waits_lets_the_next_one_have_the_turn_and_gets_it_back() -> None:
    lock, over, said = asyncio.Lock(), asyncio.Event(), []

    async def work(name: str, *, waits: bool) -> None:
        async with Turn(lock) as turn:

            @asynccontextmanager
            async def rest(_: int) -> AsyncIterator[None]:
                turn.yield_turn()
                yield
                await turn.resume()

            said.append(f"{name} begins")
            with resting_by(rest):
                if waits:
                    async with at_rest():
                        await over.wait()
            said.append(f"{name} ends")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work("first", waits=True))
        second = tasks.create_task(work("second", waits=False))
        await second
        over.set()
    assert said == ["first begins", "second begins", "second ends", "first ends"]
    assert not lock.locked()


async def test_whoever_is_ended_while_it_waits_keeps_no_turn() -> None:
    lock = asyncio.Lock()

    async def wait() -> None:
        async with Turn(lock) as turn:
            turn.yield_turn()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    async with Turn(lock):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert lock.locked()


async def test_a_message_that_is_handed_back_is_no_failure_of_its_handler() -> None:
    @asynccontextmanager
    async def rest(outages: int) -> AsyncIterator[None]:
        raise HandedBackError(outages)
        yield

    async def handle() -> None:
        try:
            async with at_rest(2):
                pytest.fail("it waits")
        except Exception:  # noqa: BLE001 - as whoever calls handlers does
            pytest.fail("it is a failure")

    with resting_by(rest), pytest.raises(HandedBackError) as back:
        await handle()
    assert back.value.outages == 2, "known when the message comes again"


async def test_without_a_turn_waiting_is_waiting() -> None:
    async with at_rest():
        await asyncio.sleep(0)
