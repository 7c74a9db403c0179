"""What is counted of messages, by series that are found once: the library takes long for that."""

from collections.abc import Iterable
from functools import cache
from itertools import product
from time import perf_counter

from prometheus_client import Counter, Histogram

# {% if cookiecutter.interface == "api" %}
from app.core.metrics import MESSAGES_PUBLISHED, MESSAGES_UNREADABLE, PUBLISH_SECONDS
# {% endif %}
# {% if cookiecutter.interface != "api" %}
from app.core.metrics import (
    DEAD_LETTERS,
    HANDLING_SECONDS,
    MESSAGES_HANDLED,
    MESSAGES_PUBLISHED,
    MESSAGES_UNREADABLE,
    PUBLISH_SECONDS,
)
# {% endif %}
from app.core.readings import show_zeros
from app.utils.broker_errors import MessageRefusedError, TopicUnavailableError, UnroutableError
# {% if cookiecutter.interface != "api" %}
from app.utils.dead_letter import Reason
# {% endif %}
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker

OUTCOMES = ("failed", "published", "refused", "unavailable", "unroutable")


def expect_messages(sent: Iterable[str], known: Iterable[str]) -> None:
    """Show for the topics of messages that none was sent yet, and none was unreadable."""
    for topic, outcome in product(sent, OUTCOMES):
        choose_series(topic, outcome)
    show_zeros(MESSAGES_UNREADABLE, known)


async def publish(broker: MessageBroker, message: Envelope) -> None:
    """Publish a message as the broker does, and count what came of it."""
    outcome, started = "failed", perf_counter()
    try:
        await broker.publish(message)
        outcome = "published"
    except UnroutableError:
        outcome = "unroutable"
        raise
    except TopicUnavailableError:
        outcome = "unavailable"
        raise
    except MessageRefusedError:
        outcome = "refused"
        raise
    finally:
        count, duration = choose_series(message.topic, outcome)
        count.inc()
        duration.observe(perf_counter() - started)


@cache
def choose_series(topic: str, outcome: str) -> tuple[Counter, Histogram]:
    """Return the series of messages of a topic."""
    return MESSAGES_PUBLISHED.labels(topic, outcome), PUBLISH_SECONDS.labels(topic)
# {% if cookiecutter.interface != "api" %}


class SubscriptionSeries:
    """The series of one subscription."""

    def __init__(self, name: str) -> None:
        """Find them; they are 0, not absent, before anything has happened."""
        self.handled = MESSAGES_HANDLED.labels(name, "handled")
        self.duplicate = MESSAGES_HANDLED.labels(name, "duplicate")
        self.failed = MESSAGES_HANDLED.labels(name, "failed")
        self.retried = MESSAGES_HANDLED.labels(name, "retried")
        self.dead = MESSAGES_HANDLED.labels(name, "dead")
        self.held = MESSAGES_HANDLED.labels(name, "held")
        self.seconds = HANDLING_SECONDS.labels(name)
        show_zeros(DEAD_LETTERS, [name], Reason)
        self._name = name

    def count_dead_letter(self, reason: str) -> None:
        """Count a message that is put aside."""
        DEAD_LETTERS.labels(self._name, reason).inc()
# {% endif %}
