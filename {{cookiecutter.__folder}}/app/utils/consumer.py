"""Who consumes which events, and how often a handler is tried."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from app.utils.message_broker import Event
from app.utils.requests import Reply, Request
from app.utils.topology import Group, Topic

Handler = Callable[..., Awaitable[None]]
Answer = Callable[..., Awaitable[Reply]]

LADDER = (1.0, 10.0, 60.0, 600.0)


class RejectMessageError(RuntimeError):
    """This message can never be handled, and the text says why: it is a dead letter at once.

    Raised by a handler: nothing that it did in its unit of work is kept, and it is not tried again.
    """


def is_rejection(error: BaseException) -> bool:
    """Tell whether a handler rejected its message: alone, or in each task of a group."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_rejection, error.exceptions))
    return isinstance(error, RejectMessageError)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often a handler is tried, and how long it may take each time.

    The second attempt is made at once, each later one after the next step of the ladder. What is
    tried again waits elsewhere, so that others pass it, unless the subscription is ordered.
    """

    attempts: int = 5
    ladder: tuple[float, ...] = LADDER
    """Seconds before the third attempt, the fourth and so on; the last stays."""
    timeout: float = 60.0
    """Seconds that one attempt may take."""

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that could not be kept."""
        if self.attempts < 1 or not self.ladder or min(*self.ladder, self.timeout) <= 0:
            raise ValueError(
                f"{self}: it needs at least one attempt, one step, and times above zero"
            )


# It waits for nothing in between, where it would hold up those behind it.
BROADCAST_RETRY = RetryPolicy(attempts=2)


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """One handler's claim to every event of a topic; its name is the group that shares them."""

    name: str
    event: type[Event]
    handler: Handler
    retry: RetryPolicy
    is_ordered: bool = False
    is_broadcast: bool = False

    def make_group(self, service: str) -> Group:
        """Return the group of the service's replicas that share this subscription."""
        # The attempt that is made at once takes its time too.
        return Group(
            name=f"{service}.{self.name}",
            topic=Topic(name=self.event.topic, topology=self.event.topology),
            ladder=self.retry.ladder,
            is_ordered=self.is_ordered,
            timeout=self.retry.timeout * min(self.retry.attempts, 2),
        )


@dataclass(frozen=True, kw_only=True)
class Answerer:
    """The handler that answers requests of one kind; replicas share them."""

    name: str
    request: type[Request[Any]]
    handler: Callable[..., Awaitable[BaseModel]]
    timeout: float

    def make_group(self, service: str) -> Group:
        """Return the group of the service's replicas that share the requests."""
        topic = Topic(name=self.request.topic)
        return Group(name=f"{service}.{self.name}", topic=topic, timeout=self.timeout)


@dataclass
class Consumer:
    """The handlers of the service: `@consumer.on(Event)` and `@consumer.answer(Request)`."""

    subscriptions: list[Subscription] = field(default_factory=list)
    answerers: list[Answerer] = field(default_factory=list)

    @property
    def broadcasts(self) -> "Consumer":
        """What every process has to do: the subscriptions whose events each of them gets."""
        return Consumer([each for each in self.subscriptions if each.is_broadcast])

    def list_groups(self, service: str) -> list[Group]:
        """Return the groups of the service."""
        return [each.make_group(service) for each in self.subscriptions if not each.is_broadcast]

    def on(
        self,
        event: type[Event],
        *,
        name: str | None = None,
        retry: RetryPolicy | None = None,
        ordered: bool = False,
        broadcast: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Subscribe the decorated function; its parameters are filled in by their types.

        The name, the function's own by default, is for ever: the broker keeps what the group
        has yet to read under it. `ordered`: a failing event holds up those behind it in its
        partition; only a broker that keeps an order can. `broadcast`: every process gets every
        event that comes while it runs, none is kept for it; it is tried twice, and with a `retry`
        of its own holds up those behind it as long as that takes. Raises ValueError when another
        handler has the name.
        """

        def subscribe(handler: Handler) -> Handler:
            chosen = self._choose_name(name or handler.__name__)
            if ordered and broadcast:
                raise ValueError(f"{chosen}: a broadcast is kept for nobody, so it has no order")
            self.subscriptions.append(
                Subscription(
                    name=chosen,
                    event=event,
                    handler=handler,
                    retry=retry or (BROADCAST_RETRY if broadcast else RetryPolicy()),
                    is_ordered=ordered,
                    is_broadcast=broadcast,
                )
            )
            return handler

        return subscribe

    def answer(
        self, request: type[Request[Reply]], *, name: str | None = None, timeout: float = 60.0
    ) -> Callable[[Answer[Reply]], Answer[Reply]]:
        """Answer requests of a kind with what the decorated function returns.

        An error of `app.core.errors` that it raises is raised where the request came from. After
        `timeout` seconds, or when whoever asked waits no longer, it is ended.
        """

        def register(handler: Answer[Reply]) -> Answer[Reply]:
            chosen = self._choose_name(name or handler.__name__)
            self.answerers.append(
                Answerer(name=chosen, request=request, handler=handler, timeout=timeout)
            )
            return handler

        return register

    def _choose_name(self, name: str) -> str:
        taken = {each.name for each in self.subscriptions} | {each.name for each in self.answerers}
        if name in taken:
            raise ValueError(f"two handlers are named {name!r}: give one another name=")
        return name
