"""The AsyncAPI document holds every event and subscription, as they are declared."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.config import CoreSettings
from app.services.asyncapi import build_document
from app.services.asyncapi_headers import PREFIXES
from app.services.compatibility import read_payloads
# {% if cookiecutter.broker in ("both", "kafka") %}
from app.services.kafka import records
# {% endif %}
# {% if cookiecutter.broker in ("both", "rabbitmq") %}
from app.services.rabbitmq import messages, queues
# {% endif %}
from app.utils.envelope import Envelope
from app.utils.message_broker import Event
from app.utils.schema_fit import follow
from tests.asyncapi_kit import RECEIVER, OrderPaid, OrderSent, make_document


@pytest.fixture
def document(core: CoreSettings) -> dict[str, Any]:
    return make_document(core)


def find_references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from find_references(each)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = list(find_references(document))
    assert len(references) > 10
    assert all(follow(each, document) for each in references)


def test_an_event_is_sent_unless_it_names_who_sends_it(document: dict[str, Any]) -> None:
    assert list(read_payloads(document, "send")) == ["order.paid"]
    assert list(read_payloads(document, "receive")) == ["order/sent"]
    assert document["components"]["messages"]["OrderSent"]["x-sent-by"] == "shipping"


def test_what_is_sent_is_always_there_and_what_is_received_may_be_missing(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["OrderPaid"]["required"] == ["order_id", "means", "note"]
    assert schemas["OrderSent"]["required"] == ["order_id"]


def test_purposes_are_the_first_lines_of_docstrings(document: dict[str, Any]) -> None:
    operations = document["operations"]
    assert operations["send.OrderPaid"]["summary"] == "Somebody paid."
    assert operations["receive.thank"]["summary"] == "Thank."
    assert "summary" not in document["components"]["messages"]["OrderSent"]


def test_the_order_of_declarations_does_not_matter(
    document: dict[str, Any], core: CoreSettings
) -> None:
    again = build_document(core.service, [OrderSent, OrderPaid], [RECEIVER])
    assert json.dumps(again) == json.dumps(document)


def test_two_events_of_one_name_are_refused(core: CoreSettings) -> None:
    other = type("OrderPaid", (Event,), {"__module__": __name__}, topic="order.paid.again")
    with pytest.raises(ValueError, match=r"^2 events are named OrderPaid: "):
        build_document(core.service, [OrderPaid, other], [])


@pytest.mark.parametrize("name", PREFIXES)
def test_headers_are_those_that_travel(document: dict[str, Any], name: str) -> None:
    message = Envelope(topic="order.paid", body=b"{}", source="shop", key="7", attempt=2)
    message = message.with_trace("00", "a=1")
    schema = document["components"]["schemas"][name]
    assert set(schema["properties"]) == set(message.to_headers(PREFIXES[name]))
# {% if cookiecutter.broker in ("both", "rabbitmq") %}


def test_it_names_what_the_rabbitmq_adapter_uses(document: dict[str, Any]) -> None:
    exchange = document["channels"]["order.paid"]["bindings"]["amqp"]["exchange"]
    assert exchange["name"] == queues.EXCHANGE
    assert PREFIXES["RabbitMQHeaders"] == messages.PREFIX
# {% endif %}
# {% if cookiecutter.broker in ("both", "kafka") %}


def test_it_names_what_the_kafka_adapter_uses(document: dict[str, Any]) -> None:
    bindings = document["operations"]["receive.thank"]["bindings"]["kafka"]
    assert bindings["groupId"]["enum"] == ["shop.thank"]
    assert PREFIXES["KafkaHeaders"] == records.PREFIX
# {% endif %}
