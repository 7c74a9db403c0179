"""The messaging interface: events, who consumes them, and what a broker does for both."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from app.utils.envelope import Envelope

Handler = Callable[..., Awaitable[None]]
Deliver = Callable[[Envelope], Awaitable[None]]
"""Handle one message; an exception means that its handler has failed for good."""


class BrokerError(RuntimeError):
    """The broker did not do what it was asked."""


class BrokerUnavailableError(BrokerError):
    """The broker does not answer."""


class PublishError(BrokerError):
    """The broker did not confirm a message; it may have taken it all the same."""


class Event(BaseModel):
    """Something that happened, as a message: `class ItemCreated(Event, topic="item.created")`.

    A tolerant reader: fields that a newer producer added are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]
    key_field: ClassVar[str | None] = None

    def __init_subclass__(cls, *, topic: str, key: str | None = None, **options: Any) -> None:
        """Declare the topic, and the field whose value keeps related events in order."""
        super().__init_subclass__(**options)
        cls.topic = topic
        cls.key_field = key

    @property
    def key(self) -> str | None:
        """The value that this event's order depends on."""
        return None if self.key_field is None else str(getattr(self, self.key_field))


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often a handler is tried, and how long it may take each time."""

    attempts: int = 5
    first_delay: float = 0.1
    """Seconds before the second attempt; doubled before each one after it."""
    timeout: float = 60.0
    """Seconds that one attempt may take."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """One handler's claim to every event of a topic; its name is the group that shares them."""

    name: str
    event: type[Event]
    handler: Handler
    retry: RetryPolicy


@dataclass
class Consumer:
    """The handlers of the service, declared with `@consumer.on(Event)`."""

    subscriptions: list[Subscription] = field(default_factory=list)

    def on(
        self, event: type[Event], *, name: str | None = None, retry: RetryPolicy | None = None
    ) -> Callable[[Handler], Handler]:
        """Subscribe the decorated function; its parameters are filled in by their types.

        The name, the function's own by default, is for ever: the broker keeps what the group
        has yet to read under it. Raises ValueError when another handler has it.
        """

        def subscribe(handler: Handler) -> Handler:
            chosen = name or handler.__name__
            if any(other.name == chosen for other in self.subscriptions):
                raise ValueError(f"two handlers are named {chosen!r}: give one another name=")
            policy = retry or RetryPolicy()
            self.subscriptions.append(
                Subscription(name=chosen, event=event, handler=handler, retry=policy)
            )
            return handler

        return subscribe


class MessageBroker(ABC):
    """Carry messages at least once: nothing is acknowledged before its handler has succeeded.

    Not guaranteed yet by any implementation: a retry ladder beyond the attempts made at once,
    tools for dead letters, order per key with several relays, request and reply.
    """

    @abstractmethod
    async def connect(self) -> None:
        """Connect; raises BrokerUnavailableError when nothing answers."""

    @abstractmethod
    async def publish(self, message: Envelope) -> None:
        """Publish, and return when the broker has confirmed; raises PublishError otherwise."""

    @abstractmethod
    async def subscribe(self, group: str, topic: str, deliver: Deliver) -> None:
        """Hand every message of the topic to one member of the group.

        A message whose delivery raises is put aside under `GROUP.dead` and never lost.
        """

    @abstractmethod
    async def pause(self) -> None:
        """Stop taking messages, and wait for those in flight."""

    @abstractmethod
    async def ping(self) -> None:
        """Raise BrokerUnavailableError when the broker does not answer."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""
