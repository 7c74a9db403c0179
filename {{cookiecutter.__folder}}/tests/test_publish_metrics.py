"""What is counted of messages that are sent, by topic and by what came of it."""

from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from app.core.message_metrics import publish
from app.services.memory_broker import MemoryBroker
from app.utils.broker_errors import (
    MessageRefusedError,
    PublishError,
    TopicUnavailableError,
    UnroutableError,
)
from app.utils.envelope import Envelope


class Failing(MemoryBroker):
    """A broker that publishes nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def publish(self, message: Envelope) -> None:
        del message
        raise self.error


@pytest.fixture
def message() -> Envelope:
    return Envelope(topic=f"test.{uuid4().hex}", body=b"{}", source="tests")


def count(message: Envelope, outcome: str) -> float | None:
    labels = {"topic": message.topic, "outcome": outcome}
    return REGISTRY.get_sample_value("messages_published_total", labels)


async def test_what_is_confirmed_is_published(message: Envelope) -> None:
    await publish(MemoryBroker(), message)
    assert count(message, "published") == 1
    seconds = {"topic": message.topic}
    assert REGISTRY.get_sample_value("message_publish_duration_seconds_count", seconds) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (UnroutableError("nobody"), "unroutable"),
        (TopicUnavailableError("full"), "unavailable"),
        (MessageRefusedError("too large"), "refused"),
        (PublishError("not confirmed"), "failed"),
        (RuntimeError("a bug"), "failed"),
    ],
)
async def test_an_error_is_counted_and_raised(
    message: Envelope, error: Exception, outcome: str
) -> None:
    with pytest.raises(type(error)):
        await publish(Failing(error), message)
    assert count(message, outcome) == 1
    assert count(message, "published") is None
