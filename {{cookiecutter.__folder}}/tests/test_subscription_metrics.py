"""What is counted of messages that come: each attempt once, by how it ended."""

import pytest
from prometheus_client import REGISTRY

from app.core.errors import UnavailableError
from app.services import outage
from app.services.delivery import Delivery
from app.utils.consumer import Consumer, RetryPolicy
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, Incoming

NAME = "counted"


class Counted(Event, topic="order.counted"):
    """Somebody ordered something."""

    number: int


def read(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, {"subscription": NAME, **labels}) or 0


class Handler:
    """A handler that fails as often as it is told to."""

    def __init__(self, opened: Container, *failures: Exception) -> None:
        self.failures = list(failures)
        consumer = Consumer()
        consumer.on(Counted, name=NAME, retry=RetryPolicy(attempts=3, ladder=(60.0,)))(self.handle)
        subscription = consumer.subscriptions[0]
        self.deliver = Delivery(subscription, subscription.make_group("tests"), opened)

    async def handle(self, event: Counted) -> None:
        del event
        if self.failures:
            raise self.failures.pop(0)


def make_message(body: bytes = b'{"number": 7}', *, attempt: int = 1) -> Incoming:
    message = Envelope(topic="order.counted", body=body, source="tests", attempt=attempt)
    return Incoming(message=message)


class Outcomes:
    """How attempts have ended since the test began."""

    names = ("handled", "duplicate", "failed", "retried", "dead")

    def __init__(self) -> None:
        self._before = self._read()

    def _read(self) -> dict[str, float]:
        return {name: read("messages_handled_total", outcome=name) for name in self.names}

    def count(self) -> dict[str, float]:
        counts = {name: count - self._before[name] for name, count in self._read().items()}
        return {name: count for name, count in counts.items() if count}


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


async def test_a_message_that_is_handled(opened: Container, outcomes: Outcomes) -> None:
    before = read("message_handling_duration_seconds_count")
    await Handler(opened).deliver(make_message())
    assert outcomes.count() == {"handled": 1}
    assert read("message_handling_duration_seconds_count") == before + 1


async def test_a_handler_that_fails_once(opened: Container, outcomes: Outcomes) -> None:
    await Handler(opened, RuntimeError("bug")).deliver(make_message())
    assert outcomes.count() == {"failed": 1, "handled": 1}


async def test_a_message_that_is_tried_again_later(opened: Container, outcomes: Outcomes) -> None:
    await Handler(opened, RuntimeError("bug"), RuntimeError("bug")).deliver(make_message())
    assert outcomes.count() == {"failed": 1, "retried": 1}


@pytest.mark.parametrize(
    ("message", "reason"),
    [(make_message(attempt=3), "failed"), (make_message(b"nonsense"), "unreadable")],
)
async def test_a_message_that_is_put_aside(
    opened: Container, outcomes: Outcomes, message: Incoming, reason: str
) -> None:
    before = read("dead_letters_total", reason=reason)
    await Handler(opened, RuntimeError("bug")).deliver(message)
    assert outcomes.count() == {"dead": 1}
    assert read("dead_letters_total", reason=reason) == before + 1


async def test_a_server_that_does_not_answer_shows_as_a_pause(
    opened: Container, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "FIRST_DELAY_SECONDS", 0.001)
    paused: list[float] = []

    class Watching(Handler):
        async def handle(self, event: Counted) -> None:
            paused.append(read("subscription_paused"))
            await super().handle(event)

    await Watching(opened, UnavailableError("no answer")).deliver(make_message())
    assert paused == [0, 1]
    assert read("subscription_paused") == 0
    assert outcomes.count() == {"handled": 1}
# {% if cookiecutter.database != "none" %}


async def test_a_message_that_comes_twice(opened: Container, outcomes: Outcomes) -> None:
    handler, message = Handler(opened), make_message()
    await handler.deliver(message)
    await handler.deliver(message)
    assert outcomes.count() == {"handled": 1, "duplicate": 1}
# {% endif %}
