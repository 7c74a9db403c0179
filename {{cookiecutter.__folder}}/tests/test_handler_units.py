"""Handlers that take longer than a transaction may be open begin their units of work themselves."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.database import Database
from app.services.consumption import prepare
from app.services.handling import Handling
from app.services.inbox import was_recorded
from app.tables import InboxMessage
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.consumer import Consumer, Handler, RetryPolicy, Subscription
from app.utils.container import Container
from app.utils.envelope import Envelope
from tests.delivery_kit import Ordered

DAYS = timedelta(days=100).total_seconds()
MESSAGE = Envelope(topic="order.placed", body=b"{}", id="7", source="shop")


def subscribe(handler: Handler, *, broadcast: bool = False) -> Subscription:
    consumer = Consumer()
    retry = RetryPolicy(timeout=DAYS)
    consumer.on(Ordered, name="test", retry=retry, broadcast=broadcast)(handler)
    return consumer.subscriptions[0]


async def count_connections(opened: Container) -> int:
    return opened[Database].count_connections()[0]


@pytest.mark.parametrize("broadcast", [False, True])
async def test_no_transaction_is_open_around_a_handler_that_begins_its_own(
    opened: Container, *, broadcast: bool
) -> None:
    used: list[int] = []

    async def handle(event: Ordered, begin: UnitOfWorkFactory) -> None:
        used.append(await count_connections(opened))
        async with begin() as uow:
            await uow.session.execute(select(func.count()).select_from(InboxMessage))
        used.append(event.number)

    await Handling(subscribe(handle, broadcast=broadcast), opened)(Ordered(number=7), MESSAGE)
    assert used == [0, 7]


async def test_its_message_counts_once_when_it_has_been_handled(opened: Container) -> None:
    handled: list[int] = []

    async def handle(event: Ordered, begin: UnitOfWorkFactory) -> None:
        assert begin is opened[UnitOfWorkFactory]
        handled.append(event.number)

    handling = Handling(subscribe(handle), opened)
    for _ in range(2):
        await handling(Ordered(number=7), MESSAGE)
    assert handled == [7]


async def test_a_message_whose_handling_failed_is_handled_again(opened: Container) -> None:
    async def handle(event: Ordered, begin: UnitOfWorkFactory) -> None:
        raise RuntimeError(f"{event.number} {begin}")

    with pytest.raises(RuntimeError):
        await Handling(subscribe(handle), opened)(Ordered(number=7), MESSAGE)
    async with opened[Database].begin(read_only=True) as session:
        assert not await was_recorded(session, "test", MESSAGE)


async def test_it_may_take_longer_than_the_database_lets_a_transaction_last(
    opened: Container,
) -> None:
    async def handle(event: Ordered, begin: UnitOfWorkFactory) -> None:
        raise AssertionError(event, begin)

    assert prepare(subscribe(handle), opened) is not None


async def test_one_that_asks_for_a_unit_of_work_too_has_its_message_recorded_in_it(
    opened: Container,
) -> None:
    seen: list[bool] = []

    async def handle(event: Ordered, begin: UnitOfWorkFactory, uow: UnitOfWork) -> None:
        assert (event.number, begin) == (7, opened[UnitOfWorkFactory])
        seen.append(await was_recorded(uow.session, "test", MESSAGE))

    await Handling(subscribe(handle), opened)(Ordered(number=7), MESSAGE)
    assert seen == [True]
