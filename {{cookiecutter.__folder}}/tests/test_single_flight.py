"""Single flight, where no cache is involved."""

import asyncio
import gc

import pytest

from app.utils.single_flight import SingleFlight
from tests.cache_kit import eventually
from tests.computation import Computation, finished


async def test_one_flight_serves_all_who_ask_meanwhile() -> None:
    flights, computation = SingleFlight(seconds=60), Computation(7)
    asking = [asyncio.create_task(flights.join("key", computation)) for _ in range(10)]
    await computation.begun.wait()
    computation.ended.set()
    assert [await each for each in asking] == [7] * 10
    assert computation.runs == 1
    assert await flights.join("key", computation) == 7
    assert computation.runs == 2


async def test_flights_of_other_keys_and_after_forgetting_are_others() -> None:
    flights, computation = SingleFlight(seconds=60), Computation(7)
    asking = asyncio.create_task(flights.join("key", computation))
    await computation.begun.wait()
    assert await flights.join("another", finished(8)) == 8
    flights.forget("key")
    assert await flights.join("key", finished(9)) == 9
    computation.ended.set()
    assert await asking == 7


async def test_a_failure_that_nobody_waits_for_any_more_is_no_noise() -> None:
    flights, failing = SingleFlight(seconds=60), Computation(LookupError())
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
    flights, endless = SingleFlight(seconds=60), Computation(7)
    asking = asyncio.create_task(flights.join("key", endless))
    await endless.begun.wait()
    flights.forget("key")
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def wait_until_overdue(flights: SingleFlight) -> None:
    """Wait until none is shared any more."""

    async def is_free() -> bool:
        return not flights._flights

    await eventually(is_free)


async def test_a_flight_that_hangs_blocks_its_key_for_a_time_only() -> None:
    flights, hanging = SingleFlight(seconds=0.02), Computation(7)
    asking = asyncio.create_task(flights.join("key", hanging))
    await hanging.begun.wait()
    await wait_until_overdue(flights)
    assert await flights.join("key", finished(8)) == 8
    hanging.ended.set()
    assert await asking == 7, "who has waited so long gets what there is in the end"


async def test_a_flight_that_is_overdue_ends_with_the_last_who_waits() -> None:
    flights, hanging = SingleFlight(seconds=0.02), Computation(7)
    asking = [asyncio.create_task(flights.join("key", hanging)) for _ in range(2)]
    await hanging.begun.wait()
    [flight] = flights._tasks
    await wait_until_overdue(flights)
    asking[0].cancel()
    await asyncio.wait([asking[0]])
    assert not flight.cancelling()
    asking[1].cancel()
    async with asyncio.timeout(10):
        await asyncio.wait([flight])
    assert flight.cancelled()
    assert not flights._tasks
    assert not flights._waiting


async def test_a_flight_for_which_nobody_waits_goes_on_until_its_time_is_over() -> None:
    flights, hanging = SingleFlight(seconds=0.5), Computation(7)
    asking = asyncio.create_task(flights.join("key", hanging))
    await hanging.begun.wait()
    [flight] = flights._tasks
    asking.cancel()
    await asyncio.sleep(0)
    assert not flight.done()
    async with asyncio.timeout(10):
        await asyncio.wait([flight])
    assert flight.cancelled()
