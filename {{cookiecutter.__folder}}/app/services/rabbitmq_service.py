"""The broker on RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from aio_pika import RobustConnection
from aio_pika.abc import AbstractChannel, AbstractExchange

from app.services.rabbitmq.bindings import check_bindings
from app.services.rabbitmq.channel import open_channel
from app.services.rabbitmq.connection import close_connection, open_connection
from app.services.rabbitmq.errors import translate_failures
from app.services.rabbitmq.group_intake import GroupIntake
from app.services.rabbitmq.intake import Intake
from app.services.rabbitmq.kept_channel import KeptChannel
from app.services.rabbitmq.messages import (
    MAX_HEADER_BYTES,
    count_header_bytes,
    write_copy,
    write_message,
)
from app.services.rabbitmq.places import browse_queue, sift_queue
from app.services.rabbitmq.queues import EXCHANGE
from app.services.rabbitmq.requests import Answers, Asker
from app.services.rabbitmq.sending import send
from app.services.rabbitmq.topic_intake import TopicIntake
from app.services.rabbitmq.topology import apply_topology, check_topology, count_topology
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError
from app.utils.envelope import Envelope
from app.utils.message_broker import Capabilities, Deliver, MessageBroker, Respond
from app.utils.topology import Group, Topic

PING_SECONDS = 2.0
# RabbitMQ takes a message back that is not acknowledged for 30 minutes; the other half is for
# waiting, such as for a server that does not answer.
MAX_TIMEOUT_SECONDS = 900


class RabbitMQBroker(MessageBroker):
    """Publish to one topic exchange with confirms; consume from one quorum queue per group.

    Two connections, because a server that is short of memory stops reading from those that
    publish, and could then not be told what was handled either; and one for who answers requests.
    """

    capabilities = Capabilities(is_durable=True, keeps_order=False, replays=False)
    system = "rabbitmq"

    def __init__(self, url: str) -> None:
        """Prepare; `connect` connects."""
        self._url = url
        self._publishing: RobustConnection | None = None
        self._consuming: RobustConnection | None = None
        self._answering: RobustConnection | None = None
        self._opening = asyncio.Lock()
        self._publisher: KeptChannel | None = None
        self._asker = Asker()
        self._alone = asyncio.Lock()
        self._asking: KeptChannel | None = None
        self._exchange: AbstractExchange | None = None
        self._default_exchange: AbstractExchange | None = None
        self._header_bytes = MAX_HEADER_BYTES
        self._intakes: list[tuple[KeptChannel, Intake]] = []

    async def connect(self) -> None:
        """Connect; the connections then restore themselves when cut."""
        await self.close()
        self._publishing = await open_connection(self._url)
        self._consuming = await open_connection(self._url)
        self._publisher = KeptChannel(self._publishing, "publish", self._set_up_publisher)
        await self._publisher.open()
        self._asking = KeptChannel(self._publishing, "ask", self._asker.set_up)
        await self._asking.open()

    async def publish(self, message: Envelope) -> None:
        """Publish to the exchange; a message that no queue gets is an UnroutableError."""
        outgoing = write_message(message, self._header_bytes)
        await send(self._publishing, self._reach(self._exchange), message.topic, outgoing)

    async def send(self, place: str, message: Envelope) -> None:
        """Put a message into a queue of a group."""
        outgoing = write_copy(message, self._header_bytes)
        await send(self._publishing, self._reach(self._default_exchange), place, outgoing)

    async def subscribe(self, group: Group, deliver: Deliver) -> None:
        """Hand every message of the topic to one member of the group, several at a time."""
        if group.timeout > MAX_TIMEOUT_SECONDS:
            raise BrokerRefusedError(
                f"{group.name}: {group.timeout:.0f} s are too long to work on one message of "
                f"RabbitMQ, the most are {MAX_TIMEOUT_SECONDS}: do it in smaller parts"
            )
        intake = GroupIntake(group, deliver, self.send, self._alone)
        await self._take(intake, group.name, self._consuming)

    async def listen(self, topic: Topic, deliver: Deliver) -> None:
        """Hand every message that comes from now on to this process too."""
        await self._take(TopicIntake(topic, deliver), topic.name, self._consuming)

    async def ask(self, message: Envelope, replies: str, seconds: float) -> Envelope:
        """Send a request, and return the reply that the server hands back to this channel."""
        del replies
        return await self._asker.ask(message, seconds)

    async def answer(self, group: Group, respond: Respond) -> None:
        """Answer the requests of the group's topic, each by one member, several at a time."""
        # A server that does not take this queue may end the connection, and only this one.
        async with self._opening:
            if self._answering is None:
                with translate_failures():
                    self._answering = await open_connection(self._url)
        await self._take(Answers(group, respond), group.name, self._answering)

    async def pause(self) -> None:
        """Take no more messages, and wait for those in flight; the others stay on the server."""
        intakes, self._intakes = self._intakes, []
        await asyncio.gather(*(channel.stop() for channel, _ in intakes))
        await asyncio.gather(*(intake.pause() for _, intake in intakes))

    async def ping(self) -> None:
        """Raise BrokerUnavailableError unless it answers and every consumer is registered."""
        channels = [self._publisher, *(channel for channel, _ in self._intakes)]
        if lost := [each for each in channels if each is None or not each.is_open]:
            raise BrokerUnavailableError(f"{len(lost)} of {len(channels)} channels are lost")
        await self.probe()

    async def probe(self) -> None:
        """Raise BrokerUnavailableError unless it answers on the connections of all, and to publish.

        A subscription whose queue is gone is of no concern to the others.
        """
        if self._publisher is None or not self._publisher.is_open:
            raise BrokerUnavailableError("the channel to publish on is lost")
        with translate_failures():
            async with asyncio.timeout(PING_SECONDS):
                async with open_channel(self._publishing), open_channel(self._consuming):
                    pass

    async def close(self) -> None:
        """Close the connections; what was not acknowledged goes back to its queue."""
        channels = [self._publisher, self._asking, *(channel for channel, _ in self._intakes)]
        connections = (self._consuming, self._answering, self._publishing)
        self._publisher = self._asking = None
        self._publishing = self._consuming = self._answering = None
        self._exchange = self._default_exchange = None
        for _, intake in self._intakes:
            intake.stop()
        self._intakes = []
        await asyncio.gather(*(channel.stop() for channel in channels if channel))
        await asyncio.gather(*(close_connection(each) for each in connections if each))

    async def check(self, topics: Collection[Topic], groups: Collection[Group]) -> list[str]:
        """Return a sentence for everything that is missing or not as declared."""
        del topics  # A topic is a word on a message here.
        return await check_topology(self._publishing, groups)

    async def check_bindings(self, groups: Collection[Group]) -> list[str]:
        """Return a sentence for each binding that is not as declared."""
        return await check_bindings(self._url, groups)

    async def apply(self, topics: Collection[Topic], groups: Collection[Group]) -> None:
        """Create what is missing; raises BrokerRefusedError for what cannot be changed."""
        del topics
        await apply_topology(self._publishing, groups)

    async def count(self, group: Group) -> dict[str, int]:
        """Return how many messages wait for the group: by topic, rung and dead letters."""
        return await count_topology(self._publishing, group)

    def browse(self, place: str) -> AsyncIterator[Envelope]:
        """Yield what a queue holds now, oldest first; it gets them back at the end."""
        return browse_queue(self._publishing, place)

    async def sift(self, place: str, keep: Callable[[Envelope], Awaitable[bool]]) -> None:
        """Ask about each message that a queue holds now; it gets those back that are kept."""
        await sift_queue(self._publishing, place, keep)

    def _reach(self, exchange: AbstractExchange | None) -> AbstractExchange | None:
        """Return the exchange while its channel is open."""
        return exchange if self._publisher and self._publisher.is_open else None

    async def _set_up_publisher(self, channel: AbstractChannel) -> None:
        self._exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        self._default_exchange = channel.default_exchange
        self._header_bytes = await count_header_bytes(channel)

    async def _take(self, intake: Intake, name: str, connection: RobustConnection | None) -> None:
        if connection is None:
            intake.stop()
            raise BrokerUnavailableError("not connected")
        channel = KeptChannel(connection, name, intake.set_up)
        try:
            await channel.open()
        except BaseException:
            intake.stop()
            raise
        self._intakes.append((channel, intake))
