"""Publishing to RabbitMQ: what an error of the client says about the topic, or the server."""

import pytest
from aio_pika import Message
from aio_pika.exceptions import ChannelClosed, ChannelPreconditionFailed

from app.services.rabbitmq.publishing import Ask, publish
from app.utils.broker_errors import (
    BrokerUnavailableError,
    MessageRefusedError,
    PublishError,
    TopicUnavailableError,
)

REFUSED = (
    "ACCESS_REFUSED - access to topic 'it.happened' in exchange 'events' in vhost '/' refused "
    "for user 'service'"
)
LARGE = "PRECONDITION_FAILED - message size 5 is larger than configured max size 4"


class Exchange:
    """Fails in the way that it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def publish(self, *args: object, **options: object) -> None:
        del args, options
        raise self.error


async def answer() -> None:
    """Answer."""


async def do_not_answer() -> None:
    raise BrokerUnavailableError("not connected")


@pytest.mark.parametrize(
    ("error", "key", "body", "kind"),
    [
        (ChannelClosed(403, REFUSED), "it.happened", b"{}", TopicUnavailableError),
        (ChannelClosed(403, REFUSED), "it.was.seen", b"{}", PublishError),
        (ChannelPreconditionFailed(LARGE), "it.happened", b"12345", MessageRefusedError),
        (ChannelPreconditionFailed(LARGE), "it.happened", b"1234", PublishError),
        (ChannelClosed(404, "NOT_FOUND - no exchange"), "it.happened", b"{}", PublishError),
        (ConnectionError("lost"), "it.happened", b"{}", PublishError),
    ],
)
async def test_a_channel_is_closed_because_of_one_message(
    error: Exception, key: str, body: bytes, kind: type[PublishError]
) -> None:
    with pytest.raises(PublishError) as caught:
        await publish(Exchange(error), key, Message(body))  # type: ignore[arg-type] # as much as it needs
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("ask", "kind"),
    [(answer, TopicUnavailableError), (do_not_answer, PublishError), (None, PublishError)],
)
async def test_who_confirms_nothing_is_the_queue_if_the_server_answers(
    ask: Ask | None, kind: type[PublishError]
) -> None:
    exchange = Exchange(TimeoutError())
    with pytest.raises(PublishError) as caught:
        await publish(exchange, "it.happened", Message(b"{}"), ask)  # type: ignore[arg-type] # as much as it needs
    assert type(caught.value) is kind
