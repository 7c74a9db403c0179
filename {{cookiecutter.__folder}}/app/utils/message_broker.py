"""The messaging interface: events, and what a broker does for those who send and consume them."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from app.utils.envelope import Envelope
from app.utils.topology import Group, Topic, Topology


class Event(BaseModel):
    """Something that happened, as a message: `class ItemCreated(Event, topic="item.created")`.

    A tolerant reader: fields that a newer producer added are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]
    key_field: ClassVar[str | None] = None
    topology: ClassVar[Topology] = Topology()
    sent_by: ClassVar[str | None] = None

    def __init_subclass__(
        cls,
        *,
        topic: str,
        key: str | None = None,
        topology: Topology | None = None,
        sent_by: str | None = None,
        **options: Any,
    ) -> None:
        """Declare the topic, and the field whose value keeps related events in order.

        `sent_by` names the service that sends it, when that is another than this one.
        """
        super().__init_subclass__(**options)
        cls.topic = topic
        cls.key_field = key
        cls.topology = topology or Topology()
        cls.sent_by = sent_by

    @property
    def key(self) -> str | None:
        """The value that this event's order depends on."""
        return None if self.key_field is None else str(getattr(self, self.key_field))


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a broker can do that others cannot."""

    is_durable: bool
    """Messages survive the processes that sent them."""
    keeps_order: bool
    """A group gets the messages of a key one after the other, oldest first."""
    replays: bool
    """A new group gets messages from before it existed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message that a broker hands over."""

    message: Envelope
    deaths: int = 0
    """How many processes died, or lost their connection, while they worked on it."""
    outages: int = 0
    """How many outages its handler met, although what it needs had answered before each."""
    origin: str = ""
    """Where exactly the broker keeps it."""


Deliver = Callable[[Incoming], Awaitable[None]]
"""Handle one message; it may be forgotten when this returns, and comes again when it raises.

DeadLetterRefusedError says that it cannot be put aside as others are: a broker that can moves it
itself, whole; another keeps it, and it comes again after a while.
"""


Respond = Callable[[Envelope], Awaitable[Envelope | None]]
"""Return the reply to a request; nothing when nobody waits for it any more."""


class MessageBroker(ABC):
    """Carry messages at least once: none is acknowledged before its delivery has returned.

    What brokers have in common, such as retries and dead letters, is written above it.
    """

    capabilities: ClassVar[Capabilities]
    system: ClassVar[str]
    """What OpenTelemetry calls it."""

    @abstractmethod
    async def connect(self) -> None:
        """Connect; raises BrokerUnavailableError or BrokerRefusedError."""

    @abstractmethod
    async def publish(self, message: Envelope) -> None:
        """Publish to the message's topic; return when the broker has confirmed.

        Raises PublishError within some seconds otherwise: UnroutableError when nobody would get
        it, MessageRefusedError when it never will be taken.
        """

    @abstractmethod
    async def send(self, place: str, message: Envelope) -> None:
        """Put a message into a place of a group, confirmed, as `publish` does."""

    @abstractmethod
    async def subscribe(self, group: Group, deliver: Deliver) -> None:
        """Hand every message of the topic to one member of the group, from now until `pause`.

        It goes on by itself when the connection was lost. What a rung holds comes when its time
        is over.
        """

    @abstractmethod
    async def listen(self, topic: Topic, deliver: Deliver) -> None:
        """Hand every message that comes from now on to this process too; none is kept for it."""

    @abstractmethod
    async def ask(self, message: Envelope, replies: str, seconds: float) -> Envelope:
        """Send a request to one of those who answer its topic; return the reply.

        `replies` names the topic of replies to this service. Raises TimeoutError, and what
        `publish` raises.
        """

    @abstractmethod
    async def answer(self, group: Group, respond: Respond) -> None:
        """Answer the requests of the group's topic, each by one member, from now until `pause`."""

    @abstractmethod
    async def pause(self) -> None:
        """Stop taking messages, and wait for those in flight."""

    @abstractmethod
    async def ping(self) -> None:
        """Raise BrokerUnavailableError unless it answers and every subscription is being served."""

    async def probe(self) -> None:
        """Raise BrokerUnavailableError unless it answers, whether or not subscriptions are served.

        One that waits for the broker asks this: another whose queue is gone does not hold it up.
        """
        await self.ping()

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""

    @abstractmethod
    async def check(self, topics: Collection[Topic], groups: Collection[Group]) -> list[str]:
        """Return a sentence for everything that is missing or not as declared."""

    async def check_bindings(self, groups: Collection[Group]) -> list[str]:
        """Return a sentence for each binding that is not as declared, where a broker has bindings.

        Raises BrokerUnavailableError when nobody tells.
        """
        del groups
        return []

    @abstractmethod
    async def apply(self, topics: Collection[Topic], groups: Collection[Group]) -> None:
        """Create what is missing; raises BrokerRefusedError for what cannot be changed."""

    @abstractmethod
    async def count(self, group: Group) -> dict[str, int]:
        """Return how many messages wait for the group: by topic, rung and dead letters."""

    @abstractmethod
    def browse(self, place: str) -> AsyncIterator[Envelope]:
        """Yield what a place holds now, oldest first, and leave it there."""

    @abstractmethod
    async def sift(self, place: str, keep: Callable[[Envelope], Awaitable[bool]]) -> None:
        """Ask about each message that a place holds now, and remove those that are not kept.

        None is lost when this ends half-way; some may be there twice.
        """
