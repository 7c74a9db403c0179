"""The AsyncAPI document of a service: the events that it sends and those that it receives."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from app.core.config import ServiceSettings
from app.services.asyncapi_headers import PREFIXES, describe_headers
from app.services.asyncapi_payloads import describe_payloads
from app.utils.envelope import CONTENT_TYPE
from app.utils.message_broker import Event

VERSION = "3.0.0"
Part = dict[str, Any]
EventType = type[Event]

# {% if cookiecutter.broker in ("both", "rabbitmq") %}
EXCHANGE = "events"
# {% endif %}
# {% if cookiecutter.broker in ("both", "kafka") %}
KAFKA_BINDING = {"bindingVersion": "0.5.0"}
# {% endif %}


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """A subscription of the service, as others are told of it."""

    name: str
    event: EventType
    purpose: str | None = None
    group: str | None = None
    """The name that its replicas share; none where each of them gets every event."""


def build_document(
    service: ServiceSettings, events: Iterable[EventType], receivers: Collection[Receiver]
) -> Part:
    """Return the document; an event that names no other sender is sent by the service.

    Raises ValueError when two events have the same name.
    """
    known = sorted(
        {*events, *(each.event for each in receivers)}, key=lambda each: (each.topic, each.__name__)
    )
    for name, times in Counter(each.__name__ for each in known).items():
        if times > 1:
            raise ValueError(f"{times} events are named {name}: give each a name of its own")
    payloads, schemas = describe_payloads(known)
    return {
        "asyncapi": VERSION,
        "info": {"title": service.name, "version": service.version},
        "defaultContentType": CONTENT_TYPE,
        "channels": {each.topic: describe_channel(each, known) for each in known},
        "operations": {
            **{f"send.{each.__name__}": describe_send(each) for each in known if not each.sent_by},
            **{f"receive.{each.name}": describe_receive(each) for each in receivers},
        },
        "components": {
            "messages": {
                event.__name__: describe_message(event, payload)
                for event, payload in zip(known, payloads, strict=True)
            },
            "schemas": {**schemas, **{name: describe_headers(name) for name in PREFIXES}},
        },
    }


def describe_channel(event: EventType, known: Iterable[EventType]) -> Part:
    """Return the topic of an event, with all events that share it."""
    names = [each.__name__ for each in known if each.topic == event.topic]
    channel: Part = {
        "address": event.topic,
        "messages": {name: refer("components", "messages", name) for name in names},
        "bindings": {},
    }
    # {% if cookiecutter.broker in ("both", "rabbitmq") %}
    channel["bindings"]["amqp"] = {
        "is": "routingKey",
        "exchange": {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False},
        "bindingVersion": "0.3.0",
    }
    # {% endif %}
    # {% if cookiecutter.broker in ("both", "kafka") %}
    topology = event.topology
    channel["bindings"]["kafka"] = {
        "topic": event.topic,
        "partitions": topology.partitions,
        "replicas": topology.replicas,
        "topicConfiguration": {"retention.ms": round(topology.retention.total_seconds() * 1000)},
        **KAFKA_BINDING,
    }
    # {% endif %}
    return channel


def describe_send(event: EventType) -> Part:
    """Return the sending of an event."""
    return {"action": "send", **summarize(event.__doc__), **point_at(event)}


def describe_receive(receiver: Receiver) -> Part:
    """Return what is done with an event, and on behalf of which group."""
    return {
        "action": "receive",
        **summarize(receiver.purpose),
        **point_at(receiver.event),
        # {% if cookiecutter.broker in ("both", "kafka") %}
        **bind_group(receiver.group),
        # {% endif %}
    }
# {% if cookiecutter.broker in ("both", "kafka") %}


def bind_group(group: str | None) -> Part:
    """Return what consumers of the group call themselves."""
    if group is None:
        return {}
    name = {"type": "string", "enum": [group]}
    return {"bindings": {"kafka": {"groupId": name, **KAFKA_BINDING}}}
# {% endif %}


def describe_message(event: EventType, payload: Part) -> Part:
    """Return what travels when the event is sent."""
    message = {
        "name": event.__name__,
        **summarize(event.__doc__),
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "anyOf": [refer("components", "schemas", name) for name in PREFIXES],
        },
        "payload": payload,
    }
    if event.sent_by:
        message["x-sent-by"] = event.sent_by
    # {% if cookiecutter.broker in ("both", "kafka") %}
    if event.key_field:
        key = {"type": "string", "description": f"The value of {event.key_field}."}
        message["bindings"] = {"kafka": {"key": key, **KAFKA_BINDING}}
    # {% endif %}
    return message


def point_at(event: EventType) -> Part:
    """Return where an operation takes place, and with which message."""
    return {
        "channel": refer("channels", event.topic),
        "messages": [refer("channels", event.topic, "messages", event.__name__)],
    }


def summarize(docstring: str | None) -> Part:
    """Return the first line of a docstring as the summary, if there is one."""
    lines = (docstring or "").strip().splitlines()
    return {"summary": lines[0]} if lines else {}


def refer(*path: str) -> Part:
    """Return a reference to a part of the document."""
    steps = [step.replace("~", "~0").replace("/", "~1") for step in path]
    return {"$ref": "/".join(["#", *steps])}
