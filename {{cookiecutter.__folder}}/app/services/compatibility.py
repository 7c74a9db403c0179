"""Which changes of an AsyncAPI document break what others, or messages on their way, rely on."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.utils.schema_fit import Fit, Misfit, follow

Document = Mapping[str, Any]

KEEP_TOPIC = "send it until nobody listens any more"
KEEP_FIELD = "keep it as it was, or send a new event on a topic of its own"
TAKE_BOTH = "take what is sent so far too, such as by a default, or receive a new event"


def find_breaks(old: Document, new: Document) -> list[str]:
    """Return a line for each break: what it is, and what to do instead."""
    breaks: dict[tuple[str, str], str] = {}
    for topic, misfit, advice in [*find_broken_sends(old, new), *find_broken_receives(old, new)]:
        where = f"{topic}: {misfit.path}" if misfit.path else topic
        line = f"{where} {misfit.reason}: {advice}"
        # An event that the service sends to itself is broken for both, and told of once.
        breaks.setdefault((topic, misfit.path), line)
    return list(breaks.values())


def find_broken_sends(old: Document, new: Document) -> Iterator[tuple[str, Misfit, str]]:
    """Yield what those who listen to this service could not bear."""
    now = read_payloads(new, "send")
    for topic, payload in read_payloads(old, "send").items():
        if topic not in now:
            yield topic, Misfit("", "is not sent any more"), KEEP_TOPIC
            continue
        fit = Fit(given=new, taken=old, is_newer_given=True)
        for misfit in fit.find_misfits(now[topic], payload):
            yield topic, misfit, KEEP_FIELD


def find_broken_receives(old: Document, new: Document) -> Iterator[tuple[str, Misfit, str]]:
    """Yield what this service could not read of the messages that are sent so far."""
    now = read_payloads(new, "receive")
    for topic, payload in read_payloads(old, "receive").items():
        if topic in now:
            fit = Fit(given=old, taken=new, is_newer_given=False)
            for misfit in fit.find_misfits(payload, now[topic]):
                yield topic, misfit, TAKE_BOTH


def read_payloads(document: Document, action: str) -> dict[str, dict[str, Any]]:
    """Return what is sent or received on each topic: one of some payloads."""
    payloads: dict[str, list[Any]] = {}
    for operation in document["operations"].values():
        if operation["action"] == action:
            topic = follow(operation["channel"]["$ref"], document)["address"]
            for message in operation["messages"]:
                inner = follow(message["$ref"], document)["$ref"]
                payloads.setdefault(topic, []).append(follow(inner, document)["payload"])
    return {topic: {"anyOf": found} for topic, found in payloads.items()}
