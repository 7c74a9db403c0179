"""Delivery on a real database: what costs an attempt, and what only makes messages wait."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text

from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.database import Database
from app.services import outage
from app.services.consumption import prepare, run_consumer
from app.services.delivery import Delivery
from app.services.job_runner import JobRunner
from app.tables import InboxMessage
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.consumer import Consumer, Handler, RetryPolicy, Subscription
from app.utils.container import Container
from app.utils.jobs import Job
from app.utils.requests import Request
from app.utils.schedules import Every
from tests.delivery_kit import Ordered, list_messages, make_message
from tests.kit.database import SERVER
from tests.wire import Wire

pytestmark = pytest.mark.skipif(SERVER is None, reason="no server of its kind is named")

# More than any limit that a server has by itself.
DAYS = 1e7
# {% if cookiecutter.database == "postgresql" %}
FATAL = {
    "takes too long": "SELECT pg_sleep(30)",
    "kills its own connection": "SELECT pg_terminate_backend(pg_backend_pid())",
    "is ended by somebody": "SELECT pg_cancel_backend(pg_backend_pid())",
    "reads only": "SET TRANSACTION READ ONLY; CREATE TABLE never (id INTEGER)",
}
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
FATAL = {
    "takes too long": "SELECT SLEEP(30) FROM alembic_version",
    "kills its own connection": "KILL CONNECTION_ID()",
    "is larger than a packet": f"SELECT LENGTH('{'x' * 70_000_000}')",
}
# {% endif %}


class Asked(Request[Ordered], topic="order.get"):
    """Somebody asks for an order."""


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing."""
    monkeypatch.setenv("DATABASE_STATEMENT_SECONDS", "0.5")
    monkeypatch.setattr(outage, "FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr(outage, "MAX_DELAY_SECONDS", 0.05)
    monkeypatch.setattr(outage, "PROBE_SECONDS", 2.0)


def subscribe(handler: Handler, *, attempts: int = 2, timeout: float = 20.0) -> Subscription:
    consumer = Consumer()
    retry = RetryPolicy(attempts=attempts, ladder=(0.01,), timeout=timeout)
    consumer.on(Ordered, name="test", retry=retry)(handler)
    return consumer.subscriptions[0]


async def deliver(subscription: Subscription, opened: Container, numbers: range) -> None:
    delivery = Delivery(subscription, subscription.make_group("tests"), opened)
    messages = [
        make_message(Ordered(number=number).model_dump_json().encode()) for number in numbers
    ]
    await asyncio.gather(*(delivery(message) for message in messages))


async def count_effects(opened: Container) -> int:
    async with opened[UnitOfWorkFactory](read_only=True) as uow:
        counted = await uow.session.scalar(select(func.count()).select_from(InboxMessage))
    return counted or 0


@pytest.mark.parametrize("name", FATAL)
async def test_a_message_whose_statement_fails_is_a_dead_letter_and_stops_no_other(
    opened: Container, name: str
) -> None:
    async def handle(event: Ordered, uow: UnitOfWork) -> None:
        if event.number == 0:
            for statement in FATAL[name].split("; "):
                await uow.session.execute(text(statement))
            await uow.session.execute(text("SELECT 1"))

    async with asyncio.timeout(60):
        await deliver(subscribe(handle), opened, range(11))
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "failed"
    assert dead.headers["dead-letter-attempts"] == "2"
    assert await count_effects(opened) == 10


class Silencing:
    """A handler whose first attempt finds that the database has fallen silent."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.calls = 0

    async def __call__(self, event: Ordered, uow: UnitOfWork) -> None:
        self.calls += 1
        if self.calls == 1:
            self.wire.silence()
        await uow.session.execute(text(f"SELECT {event.number}"))


@pytest.fixture
async def wire(opened: Container, core: CoreSettings) -> AsyncIterator[Wire]:
    """A wire to the database, which the container then uses."""
    wire = Wire(core.database.url)
    await wire.lay()
    settings = core.database.model_copy(update={"url": wire.url, "statement_seconds": 30})
    database = opened.add(Database, Database(settings, connections=5))
    opened.add(UnitOfWorkFactory, UnitOfWorkFactory(opened))
    yield wire
    wire.restore()
    await database.engine.dispose()
    await wire.remove()


async def test_silence_for_longer_than_the_handler_may_take_costs_no_attempt(
    opened: Container, wire: Wire
) -> None:
    handler = Silencing(wire)
    subscription = subscribe(handler.__call__, attempts=1, timeout=1.0)
    work = asyncio.create_task(deliver(subscription, opened, range(5)))
    async with asyncio.timeout(60):
        await wait_until(is_paused)
        before = wire.connections
        await wait_until(lambda: wire.connections >= before + 2)
        wire.restore()
        await work
    assert await list_messages(opened, "dead") == []
    assert await count_effects(opened) == 5


def is_paused() -> bool:
    return REGISTRY.get_sample_value("subscription_paused", {"subscription": "test"}) == 1


async def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - nothing tells when a gauge or a count changes
        await asyncio.sleep(0.01)


async def test_a_handler_that_may_take_longer_than_its_transaction_stops_the_start(
    opened: Container,
) -> None:
    async def handle(event: Ordered) -> None:
        raise AssertionError(event)

    with pytest.raises(StartupError, match=r"^test: its timeout of 1e\+07 s has to be below "):
        prepare(subscribe(handle, timeout=DAYS), opened)


async def test_so_does_what_answers_requests(opened: Container) -> None:
    consumer = Consumer()

    @consumer.answer(Asked, name="get_order", timeout=DAYS)
    async def get_order(request: Asked) -> Ordered:
        raise AssertionError(request)

    with pytest.raises(StartupError, match=r"^get_order: its timeout of "):
        await run_consumer(consumer, opened).__aenter__()


async def test_and_so_does_a_job(opened: Container) -> None:
    async def clean(uow: UnitOfWork) -> None:
        raise AssertionError(uow)

    with pytest.raises(StartupError, match=r"^clean: its timeout of "):
        JobRunner(Job(name="clean", schedule=Every(60), function=clean, timeout=DAYS), opened)
# {% if cookiecutter.database == "postgresql" %}


async def test_a_transaction_that_was_ended_under_its_handler_costs_attempts(
    core: CoreSettings, opened: Container
) -> None:
    settings = core.database.model_copy(update={"idle_seconds": 0.1})
    database = opened.add(Database, Database(settings, connections=2))
    opened.add(UnitOfWorkFactory, UnitOfWorkFactory(opened))

    async def handle(event: Ordered, uow: UnitOfWork) -> None:
        if event.number == 0:
            await asyncio.sleep(0.5)
        await uow.session.execute(text("SELECT 1"))

    async with asyncio.timeout(60):
        await deliver(subscribe(handle), opened, range(3))
    assert len(await list_messages(opened, "dead")) == 1
    await database.engine.dispose()
# {% endif %}
