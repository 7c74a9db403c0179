"""What waits for each subscription, as metrics; nothing when the broker does not tell."""

from collections.abc import AsyncIterator

import pytest

from app.core.readings import READINGS
from app.services.lag import forget, measure_lag
from app.services.memory_broker import MemoryBroker
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError
from app.utils.envelope import Envelope
from app.utils.topology import Group, Topic

TOPIC = Topic(name="order.placed")
GROUPS = {name: Group(name=f"tests.{name}", topic=TOPIC) for name in ("bill", "ship")}


def read(metric: str, subscription: str) -> float | None:
    return READINGS.get_sample_value(f"subscription_{metric}", {"subscription": subscription})


class Counting(MemoryBroker):
    """A broker that says what it is told to say of each group."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: dict[str, Exception] = {}

    async def count(self, group: Group) -> dict[str, int]:
        if error := self.errors.get(group.name):
            raise error
        return {**await super().count(group), group.topic.name: 5}


@pytest.fixture
async def broker() -> AsyncIterator[Counting]:
    broker = Counting()
    message = Envelope(topic=TOPIC.name, body=b"{}", source="tests")
    await broker.send(GROUPS["bill"].dead, message)
    broker.places[GROUPS["ship"].rung(0)].append(message)
    await measure_lag(broker, GROUPS)
    yield broker
    forget(GROUPS)


@pytest.mark.usefixtures("broker")
async def test_what_waits_is_told_from_what_is_tried_again_and_from_what_is_dead() -> None:
    metrics = ("lag_messages", "retrying_messages", "dead_letters")
    assert [read(metric, "bill") for metric in metrics] == [5, 0, 1]
    assert [read(metric, "ship") for metric in metrics] == [5, 1, 0]


@pytest.mark.parametrize("error", [BrokerUnavailableError("gone"), TimeoutError()])
async def test_without_an_answer_nothing_is_said(broker: Counting, error: Exception) -> None:
    broker.errors = {GROUPS["bill"].name: error}
    await measure_lag(broker, GROUPS)
    assert [read("lag_messages", name) for name in GROUPS] == [None, None]


async def test_a_group_that_lacks_something_hides_no_other(broker: Counting) -> None:
    broker.errors = {GROUPS["bill"].name: BrokerRefusedError("a queue is missing")}
    await measure_lag(broker, GROUPS)
    assert [read("lag_messages", name) for name in GROUPS] == [None, 5]
