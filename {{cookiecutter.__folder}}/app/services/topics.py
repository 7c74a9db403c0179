"""The topics that the service knows: those of its events, its requests and its replies."""

from collections.abc import Iterator
from typing import TypeVar

from app.services.requests import name_replies
from app.utils.message_broker import Event
from app.utils.requests import Request
from app.utils.topology import Topic

Kind = TypeVar("Kind")


def list_events() -> list[type[Event]]:
    """Return all events that the service knows."""
    return list(walk(Event))


def list_topics(service: str) -> list[Topic]:
    """Return the topics of all events and requests that the service knows."""
    found = {each.topic: Topic(name=each.topic, topology=each.topology) for each in list_events()}
    asked = {each.topic for each in walk(Request) if hasattr(each, "topic")}
    if asked:
        asked.add(name_replies(service))
    found |= {name: Topic(name=name) for name in asked}
    return [found[name] for name in sorted(found)]


def walk(kind: type[Kind]) -> Iterator[type[Kind]]:
    """Return all classes that are of a kind."""
    for each in kind.__subclasses__():
        yield each
        yield from walk(each)
