"""Requests over the broker: what one service asks another, and the reply that it waits for."""

from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Reply = TypeVar("Reply", bound=BaseModel)


class Request(BaseModel, Generic[Reply]):
    """A question to whoever answers its topic: `class GetTask(Request[Task], topic="task.get")`.

    A tolerant reader, as events are.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]
    reply: ClassVar[type[BaseModel]]

    def __init_subclass__(cls, *, topic: str = "", **options: Any) -> None:
        """Declare the topic; `Request[Task]` itself, which has none, is no request yet."""
        super().__init_subclass__(**options)
        if topic:
            cls.topic = topic

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Remember the type of the reply; raises TypeError when the class does not name it."""
        for base in cls.__mro__:
            generic = getattr(base, "__pydantic_generic_metadata__", {"args": ()})
            if generic["args"]:
                [cls.reply] = generic["args"]
                return
        raise TypeError(f"{cls.__name__}: say what the reply is: Request[Reply]")


class ReplyTimeoutError(RuntimeError):
    """The reply did not come in time; whether the request had an effect is not known."""


class RemoteError(RuntimeError):
    """The other side failed while it answered; its log tells why."""
