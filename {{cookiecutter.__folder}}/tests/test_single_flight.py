"""Single flight, where no cache is involved."""

import asyncio
import gc

import pytest

from app.utils.single_flight import SingleFlight
from tests.computation import Computation, finished


async def test_one_flight_serves_all_who_ask_meanwhile() -> None:
    flights, computation = SingleFlight(), Computation(7)
    asking = [asyncio.create_task(flights.join("key", computation)) for _ in range(10)]
    await computation.begun.wait()
    computation.ended.set()
    assert [await each for each in asking] == [7] * 10
    assert computation.runs == 1
    assert await flights.join("key", computation) == 7
    assert computation.runs == 2


async def test_flights_of_other_keys_and_after_forgetting_are_others() -> None:
    flights, computation = SingleFlight(), Computation(7)
    asking = asyncio.create_task(flights.join("key", computation))
    await computation.begun.wait()
    assert await flights.join("another", finished(8)) == 8
    flights.forget("key")
    assert await flights.join("key", finished(9)) == 9
    computation.ended.set()
    assert await asking == 7


async def test_a_failure_that_nobody_waits_for_any_more_is_no_noise() -> None:
    flights, failing = SingleFlight(), Computation(LookupError())
    noise: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    asking = asyncio.create_task(flights.join("key", failing))
    await failing.begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    failing.ended.set()
    await flights.join("another", finished(8))
    gc.collect()
    assert noise == []


async def test_closing_ends_what_is_under_way_forgotten_or_not() -> None:
    flights, endless = SingleFlight(), Computation(7)
    asking = asyncio.create_task(flights.join("key", endless))
    await endless.begun.wait()
    flights.forget("key")
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
