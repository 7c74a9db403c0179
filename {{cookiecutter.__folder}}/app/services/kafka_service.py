"""The broker on Kafka."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import replace

from aiokafka.protocol.metadata import MetadataRequest

from app.services.kafka.admin import Admin
from app.services.kafka.client import TIMEOUT_SECONDS, FetchToken, read_url
from app.services.kafka.consumer import GroupConsumer
from app.services.kafka.listener import Listener
from app.services.kafka.places import Places
from app.services.kafka.publisher import Publisher
from app.services.kafka.requests import Answers, Asker
from app.services.kafka.topology import apply_topics, check_topics, declare
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.envelope import Envelope
from app.utils.message_broker import Capabilities, Deliver, MessageBroker, Respond
from app.utils.topology import Group, Topic

PING_SECONDS = 3.0


class KafkaBroker(MessageBroker):
    """Publish with an idempotent producer; consume in groups, committing what is completed.

    A group's messages of a partition are handled one after the other. Each rung of its ladder,
    and its dead letters, are topics of their own.
    """

    capabilities = Capabilities(is_durable=True, keeps_order=True, replays=True)
    system = "kafka"

    def __init__(self, url: str, fetch_token: FetchToken | None = None) -> None:
        """Prepare; `connect` connects. Raises StartupError for a login without its function."""
        self._options = read_url(url, fetch_token)
        self._publisher = Publisher(self._options)
        self._admin = Admin(self._options)
        self._places = Places(self._options, self._admin, self._publisher)
        self._asker = Asker(self._options, self._admin, self._publisher)
        self._answers: list[Answers] = []
        self._served: list[GroupConsumer | Listener] = []
        self._alone = asyncio.Lock()

    async def connect(self) -> None:
        """Connect the producer; raises BrokerUnavailableError or BrokerRefusedError."""
        await self._publisher.open()

    async def publish(self, message: Envelope) -> None:
        """Publish, confirmed by every replica in sync; the key chooses the partition."""
        await self._publisher.write(message.topic, message)

    async def send(self, place: str, message: Envelope) -> None:
        """Put a message into a place of a group, confirmed in the same way."""
        await self._publisher.write(place, message)

    async def subscribe(self, group: Group, deliver: Deliver) -> None:
        """Be a member of the group, from soon on; it goes on by itself."""
        self._served.append(GroupConsumer(self._options, group, deliver, self._admin, self._alone))

    async def listen(self, topic: Topic, deliver: Deliver) -> None:
        """Hand every message that comes from now on to this process too."""
        listener = Listener(self._options, topic.name, deliver, self._admin)
        self._served.append(listener)
        await listener.start()

    async def ask(self, message: Envelope, replies: str, seconds: float) -> Envelope:
        """Send a request, and return the reply that comes into our partition of `replies`."""
        return await self._asker.ask(message, replies, seconds)

    async def answer(self, group: Group, respond: Respond) -> None:
        """Answer the requests of the group's topic, each by one member."""
        answers = Answers(respond, self._publisher)
        self._answers.append(answers)
        await self.subscribe(replace(group, ladder=()), answers.take)

    async def pause(self) -> None:
        """Finish what is in hand, commit it and leave the groups; cancelled, give it back."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for each in self._served:
                    tasks.create_task(each.finish())
            async with asyncio.TaskGroup() as tasks:
                for answers in self._answers:
                    tasks.create_task(answers.finish())
        finally:
            for answers in self._answers:
                answers.give_up()
            self._answers.clear()
        self._served.clear()

    async def ping(self) -> None:
        """Raise BrokerUnavailableError unless it answers and every subscription is served."""
        await self.probe()
        for each in self._served:
            each.check()

    async def probe(self) -> None:
        """Raise BrokerUnavailableError unless it answers, whatever becomes of the subscriptions."""
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._publisher.ask(MetadataRequest([], allow_auto_topic_creation=False))
        except TimeoutError as error:
            raise BrokerUnavailableError(f"no answer in {PING_SECONDS:.0f} s") from error

    async def close(self) -> None:
        """Close the connections; whatever is still in hand is given back."""
        running = [each.task for each in (*self._served, self._asker.listener) if each]
        for task in running:
            # One that was cancelled is giving back what it holds: a second time would end that.
            if not task.cancelling():
                task.cancel()
        if running:
            await asyncio.wait(running, timeout=TIMEOUT_SECONDS)
        self._served.clear()
        await self._publisher.close()
        await self._admin.close()

    async def check(self, topics: Collection[Topic], groups: Collection[Group]) -> list[str]:
        """Return a sentence for every topic that is missing or less than declared."""
        return await check_topics(self._admin, list(declare(topics, groups)))

    async def apply(self, topics: Collection[Topic], groups: Collection[Group]) -> None:
        """Create what is missing; raises BrokerRefusedError for what cannot be changed."""
        await apply_topics(self._admin, list(declare(topics, groups)))

    async def count(self, group: Group) -> dict[str, int]:
        """Return how many messages wait for the group: by topic, rung and dead letters."""
        return await self._places.count(group)

    def browse(self, place: str) -> AsyncIterator[Envelope]:
        """Yield what a place holds now, oldest first, and leave it there."""
        return self._places.browse(place)

    async def sift(self, place: str, keep: Callable[[Envelope], Awaitable[bool]]) -> None:
        """Ask about each message that a place holds now, and remove those that are not kept."""
        await self._places.sift(place, keep)
