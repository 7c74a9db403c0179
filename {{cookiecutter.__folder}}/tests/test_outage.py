"""Outages: the dependency is probed, the messages wait; what fails all the same is a failure."""

import asyncio
import logging

import pytest

# {% if cookiecutter.database != "none" %}
from app.core.errors import TransactionConflictError, UnavailableError
# {% endif %}
# {% if cookiecutter.database == "none" %}
from app.core.errors import UnavailableError
# {% endif %}
# {% if cookiecutter.database != "none" %}
from app.database_errors import (
    DatabaseFullError,
    DatabaseLimitError,
    DatabaseTimeoutError,
    DatabaseUnavailableError,
)
# {% endif %}
from app.services import outage
from app.services.outage import PATIENCE, Outage, is_outage
from app.utils.broker_errors import (
    BrokerUnavailableError,
    MessageRefusedError,
    PublishError,
    TopicUnavailableError,
    UnroutableError,
)
from app.utils.container import Container
# {% if cookiecutter.database != "none" %}
from tests.outage_kit import Dependency, Failing, MessageBroker, make_outage
# {% endif %}
# {% if cookiecutter.database == "none" %}
from tests.outage_kit import Failing, MessageBroker, make_outage
# {% endif %}


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "FIRST_DELAY_SECONDS", 0.001)
    monkeypatch.setattr(outage, "MAX_DELAY_SECONDS", 0.001)


@pytest.fixture
def broker() -> MessageBroker:
    return MessageBroker()


@pytest.fixture
def waiting(broker: MessageBroker) -> Outage:
    """The outage of a subscription that needs a broker."""
    return make_outage(broker)


GONE = BrokerUnavailableError("gone")


async def test_the_dependency_is_probed_and_the_message_is_not_run_meanwhile(
    waiting: Outage, broker: MessageBroker
) -> None:
    broker.silent = 20
    work = Failing(GONE, times=1)
    assert await waiting.outlast(work) == "done"
    assert work.calls == 2
    assert broker.probes == 21


async def test_the_others_wait_and_all_go_on_when_it_answers(
    waiting: Outage, broker: MessageBroker
) -> None:
    broker.silent = 20
    works = [Failing(GONE, times=1, name=str(number)) for number in range(10)]
    late = Failing(GONE, times=0, name="late")
    first = asyncio.gather(*(waiting.outlast(work) for work in works))
    await broker.was_asked.wait()
    assert await waiting.outlast(late) == "late"
    assert late.calls == 1
    assert broker.probes == 21, "one of them asks for all"
    assert await first == [str(number) for number in range(10)]


async def test_work_that_meets_an_outage_whenever_the_dependency_answers_has_failed(
    waiting: Outage,
) -> None:
    poison = Failing(GONE, times=1000)
    with pytest.raises(BrokerUnavailableError):
        await waiting.outlast(poison)
    assert poison.calls == 1 + PATIENCE


async def test_suspects_run_one_at_a_time(waiting: Outage) -> None:
    running: list[int] = []
    most: list[int] = []

    async def run(number: int, calls: list[int]) -> None:
        calls.append(number)
        running.append(number)
        await asyncio.sleep(0.001)
        if len(calls) > PATIENCE:
            most.append(len(running))
        running.remove(number)
        raise GONE

    # The defaults bind each number, whose type mypy does not infer.
    suspects = [waiting.outlast(lambda n=n, calls=[]: run(n, calls)) for n in range(5)]  # type: ignore[misc]
    results = await asyncio.gather(*suspects, return_exceptions=True)
    assert all(isinstance(result, BrokerUnavailableError) for result in results)
    assert max(most) == 1


async def test_what_must_not_be_lost_is_tried_until_it_gets_through(waiting: Outage) -> None:
    sending = Failing(PublishError("not confirmed"), times=50)
    assert await waiting.outlast(sending, insist=True) == "done"


async def test_what_cannot_be_sent_holds_up_no_other(waiting: Outage) -> None:
    sending = asyncio.create_task(
        waiting.outlast(Failing(PublishError("not confirmed"), times=10**9), insist=True)
    )
    for _ in range(20):
        await waiting.outlast(Failing(GONE, times=0))
        await asyncio.sleep(0.001)
    assert not sending.done()
    sending.cancel()


async def test_a_time_limit_that_ends_is_a_failure_when_everything_answers(
    waiting: Outage, broker: MessageBroker
) -> None:
    slow = Failing(TimeoutError(), times=1000)
    with pytest.raises(TimeoutError):
        await waiting.outlast(slow)
    assert slow.calls == 1
    assert broker.probes == 1


async def test_a_time_limit_that_ends_while_a_dependency_is_silent_costs_nothing(
    waiting: Outage, broker: MessageBroker
) -> None:
    broker.silent = 20
    works = [Failing(TimeoutError(), times=1) for _ in range(40)]
    await asyncio.gather(*(waiting.outlast(work) for work in works))
    assert [work.calls for work in works] == [2] * 40
    assert broker.probes == 21, "one of them asks for all"


async def test_a_dependency_that_was_silent_a_moment_ago_is_out(
    waiting: Outage, broker: MessageBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "PROMPT_SECONDS", 0.001)
    broker.seconds = 0.05
    assert await waiting.outlast(Failing(TimeoutError(), times=1)) == "done"


async def test_what_the_service_can_do_without_is_not_asked(broker: MessageBroker) -> None:
    opened = Container()
    opened.add(MessageBroker, broker)
    opened.spare(MessageBroker)
    broker.silent = 1000
    with pytest.raises(TimeoutError):
        await Outage("test", opened).outlast(Failing(TimeoutError(), times=1))
    assert broker.probes == 0


async def test_what_only_the_handler_knows_of_is_asked_by_one_message(waiting: Outage) -> None:
    first, second = (Failing(UnavailableError("a partner"), times=times) for times in (20, 0))
    asking = asyncio.create_task(waiting.outlast(first))
    await first.was_called.wait()
    assert await waiting.outlast(second) == "done"
    assert first.calls == 21
    assert second.calls == 1
    await asking


async def test_whoever_stops_asking_leaves_it_to_the_next(waiting: Outage) -> None:
    answers = asyncio.Event()

    async def work() -> None:
        if not answers.is_set():
            raise UnavailableError("no answer")

    first = asyncio.create_task(waiting.outlast(work))
    await asyncio.sleep(0)
    second = asyncio.create_task(waiting.outlast(work))
    first.cancel()
    answers.set()
    async with asyncio.timeout(5):
        await second


async def test_another_error_ends_the_outage_and_is_raised(waiting: Outage) -> None:
    errors = [UnavailableError("no answer"), ValueError("a bug")]

    async def work() -> None:
        raise errors.pop(0)

    with pytest.raises(ValueError, match="a bug"):
        await waiting.outlast(work)
    assert await waiting.outlast(Failing(GONE, times=0)) == "done"


async def test_a_pause_and_its_end_are_a_line_each(
    waiting: Outage, broker: MessageBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=outage.__name__)
    broker.silent = 5
    await asyncio.gather(*(waiting.outlast(Failing(GONE, times=1)) for _ in range(10)))
    assert caplog.messages == ["subscription pauses", "subscription goes on"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnavailableError("gone"), True),
        (BrokerUnavailableError("gone"), True),
        (PublishError("not confirmed"), True),
        (TopicUnavailableError("full"), True),
        (UnroutableError("nobody"), False),
        (MessageRefusedError("too large"), False),
        (RuntimeError("a bug"), False),
        (ConnectionError("of a library"), False),
        (TimeoutError(), False),
        # {% if cookiecutter.database != "none" %}
        (DatabaseUnavailableError("gone"), True),
        (DatabaseFullError("full"), True),
        (DatabaseLimitError("a statement took too long"), False),
        (TransactionConflictError("again and again"), False),
        # {% endif %}
    ],
)
def test_what_will_not_pass_by_itself_is_no_outage(error: Exception, expected: bool) -> None:
    assert is_outage(error) is expected
# {% if cookiecutter.database != "none" %}


class Database(Dependency):
    """A database that answers when it is told to."""


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def both(database: Database, broker: MessageBroker) -> Outage:
    """The outage of a subscription that needs a database and a broker."""
    opened = Container()
    opened.add(Database, database)
    opened.add(MessageBroker, broker)
    return Outage("test", opened)


async def test_only_what_is_out_is_probed(
    both: Outage, database: Database, broker: MessageBroker
) -> None:
    database.silent = 5
    await both.outlast(Failing(DatabaseUnavailableError("gone"), times=1))
    assert database.probes == 6
    assert broker.probes == 0


async def test_a_limit_of_the_client_is_a_failure_when_the_database_answers(both: Outage) -> None:
    slow = Failing(DatabaseTimeoutError("no answer"), times=1000)
    with pytest.raises(DatabaseTimeoutError):
        await both.outlast(slow)
    assert slow.calls == 1


async def test_a_limit_of_the_client_is_an_outage_when_the_database_is_silent(
    both: Outage, database: Database
) -> None:
    database.silent = 5
    assert await both.outlast(Failing(DatabaseTimeoutError("no answer"), times=1)) == "done"


async def test_a_database_without_room_is_waited_for_although_probes_fit(both: Outage) -> None:
    works = [Failing(DatabaseFullError("full"), times=10 * PATIENCE) for _ in range(3)]
    await asyncio.gather(*(both.outlast(work) for work in works))


async def test_what_never_fits_has_failed_when_others_get_through(both: Outage) -> None:
    large = asyncio.create_task(both.outlast(Failing(DatabaseFullError("full"), times=10**9)))
    while not large.done():
        await both.outlast(Failing(GONE, times=0))
    with pytest.raises(DatabaseFullError):
        await large


async def test_a_conflict_that_does_not_end_is_a_failure(both: Outage) -> None:
    conflict = Failing(TransactionConflictError("changed"), times=1000)
    with pytest.raises(TransactionConflictError):
        await both.outlast(conflict)
    assert conflict.calls == 1
# {% endif %}
