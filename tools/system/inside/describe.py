"""Print what the service in this folder sends, receives, asks and answers, as JSON."""

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic.json_schema import models_json_schema

from app.core.config import load_core_settings
from app.messages import describe_messages
from app.services.asyncapi_payloads import PayloadSchema
from app.services.compatibility import read_payloads
from app.services.topics import list_events, walk
from app.utils.requests import Request


def describe_service() -> dict[str, Any]:
    """Return the schemas by topic, and the document that they refer into."""
    document = describe_messages(load_core_settings())
    answered = list_answered()
    asked = [each for each in list_requests() if each not in answered]
    models = [(each, "serialization") for each in asked]
    models += [(each.reply, "validation") for each in asked]
    models += [(each, "validation") for each in answered]
    models += [(each.reply, "serialization") for each in answered]
    schemas, definitions = models_json_schema(models, schema_generator=PayloadSchema)
    return {
        "document": {**document, **definitions},
        "senders": {each.topic: each.sent_by for each in list_events() if each.sent_by},
        "sends": read_payloads(document, "send"),
        "receives": read_payloads(document, "receive"),
        "asks": {
            each.topic: [schemas[each, "serialization"], schemas[each.reply, "validation"]]
            for each in asked
        },
        "answers": {
            each.topic: [schemas[each, "validation"], schemas[each.reply, "serialization"]]
            for each in answered
        },
    }


def list_requests() -> list[type[Request[Any]]]:
    """List the requests that the service declares."""
    ours = (each for each in walk(Request) if each.__module__.startswith("app."))
    return [each for each in ours if hasattr(each, "topic")]


def list_answered() -> list[type[Request[Any]]]:
    """List the requests that the service answers."""
    if find_spec("app.tasks") is None:
        return []
    consumer = import_module("app.tasks.consumer").consumer
    return [each.request for each in consumer.answerers]


if __name__ == "__main__":
    print(json.dumps(describe_service()))
