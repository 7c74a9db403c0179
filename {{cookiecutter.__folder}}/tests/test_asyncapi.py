"""The AsyncAPI document holds every event and subscription, and the command that writes it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
# {% if cookiecutter.interface != "worker" %}
from httpx import AsyncClient
# {% endif %}
from pydantic import BaseModel, Field

from app.commands.asyncapi import main
from app.core.config import CoreSettings
from app.messages import describe_messages
from app.services.asyncapi import PREFIXES, Receiver, build_document
from app.services.compatibility import read_payloads
# {% if cookiecutter.broker in ("both", "kafka") %}
from app.services.kafka import records
# {% endif %}
# {% if cookiecutter.broker in ("both", "rabbitmq") %}
from app.services.rabbitmq import messages, topology
# {% endif %}
# {% if cookiecutter.interface != "api" %}
from app.tasks.consumer import consumer
# {% endif %}
from app.utils.envelope import Envelope
from app.utils.message_broker import Event
from app.utils.schema_fit import follow


class Card(BaseModel):
    kind: Literal["card"]
    number: str


class Cash(BaseModel):
    kind: Literal["cash"]


class OrderPaid(Event, topic="order.paid", key="order_id"):
    """Somebody paid.

    At last.
    """

    order_id: int
    means: Annotated[Card | Cash, Field(discriminator="kind")]
    note: str = ""


class OrderSent(Event, topic="order/sent", sent_by="shipping"):
    order_id: int
    note: str = ""


RECEIVER = Receiver(name="thank", event=OrderSent, purpose="Thank.\n\nA lot.", group="shop.thank")


@pytest.fixture
def document(core: CoreSettings) -> dict[str, Any]:
    return build_document(core.service, [OrderPaid, OrderSent], [RECEIVER])


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
    message = Envelope(
        topic="order.paid", body=b"{}", source="shop", key="7", traceparent="00", attempt=2
    )
    schema = document["components"]["schemas"][name]
    assert set(schema["properties"]) == set(message.to_headers(PREFIXES[name]))


# {% if cookiecutter.broker in ("both", "rabbitmq") %}
def test_it_names_what_the_rabbitmq_adapter_uses(document: dict[str, Any]) -> None:
    exchange = document["channels"]["order.paid"]["bindings"]["amqp"]["exchange"]
    assert exchange["name"] == topology.EXCHANGE
    assert PREFIXES["RabbitMQHeaders"] == messages.PREFIX


# {% endif %}
# {% if cookiecutter.broker in ("both", "kafka") %}
def test_it_names_what_the_kafka_adapter_uses(document: dict[str, Any]) -> None:
    bindings = document["operations"]["receive.thank"]["bindings"]["kafka"]
    assert bindings["groupId"]["enum"] == ["shop.thank"]
    assert PREFIXES["KafkaHeaders"] == records.PREFIX


# {% endif %}
class TestThisService:
    """What the service itself declares."""

    # {% if cookiecutter.interface != "api" %}
    def test_every_subscription_is_there(self, core: CoreSettings) -> None:
        operations = describe_messages(core)["operations"]
        received = {name for name in operations if name.startswith("receive.")}
        assert received == {f"receive.{each.name}" for each in consumer.subscriptions}

    # {% endif %}
    def test_events_of_tests_are_not_there(self, core: CoreSettings) -> None:
        assert "order.paid" not in describe_messages(core)["channels"]
        # {% if cookiecutter.interface != "worker" %}

    async def test_the_document_is_served_beside_a_page_that_shows_it(
        self, client: AsyncClient, core: CoreSettings
    ) -> None:
        assert (await client.get("/asyncapi.json")).json() == describe_messages(core)
        page = await client.get("/asyncapi")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert '"asyncapi.json"' in page.text
        assert page.text.count('integrity="sha384-') == 2
        # {% endif %}


class TestCommand:
    """`just asyncapi`: what is promised is not taken back by mistake."""

    @pytest.fixture(autouse=True)
    def start(self, monkeypatch: pytest.MonkeyPatch, document: dict[str, Any]) -> None:
        self.monkeypatch, self.promised = monkeypatch, document
        self.declare(OrderPaid, OrderSent)

    def declare(self, *events: type[Event]) -> None:
        self.monkeypatch.setattr(
            "app.commands.asyncapi.describe_messages",
            lambda core: build_document(core.service, events, [RECEIVER]),
        )

    def run(self, *options: str) -> None:
        self.monkeypatch.setattr(sys, "argv", ["asyncapi", *options])
        main()

    def read(self) -> Any:
        return json.loads(Path("asyncapi.json").read_text())

    def test_what_is_written_is_up_to_date(self) -> None:
        self.run()
        self.run("--check")
        assert self.read() == self.promised

    def test_nothing_is_promised_before_it_is_written(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run("--check")
        assert "`just asyncapi` writes it" in capsys.readouterr().out
        assert not Path("asyncapi.json").exists()

    def test_a_harmless_change_must_be_written(self) -> None:
        self.declare(OrderSent)
        self.run()
        self.declare(OrderSent, OrderPaid)
        with pytest.raises(SystemExit, match=r"^asyncapi\.json is not up to date: run `just"):
            self.run("--check")
        self.run()
        assert self.read() == self.promised

    @pytest.mark.parametrize("options", [[], ["--check"]])
    def test_a_break_is_named_and_not_written(self, options: list[str]) -> None:
        self.run()
        self.declare(OrderSent)
        with pytest.raises(SystemExit, match=r"^order\.paid is not sent any more: [^\n]+\n") as it:
            self.run(*options)
        assert "`just asyncapi --accept-breaks`" in str(it.value)
        assert self.read() == self.promised

    def test_a_break_can_be_accepted(self) -> None:
        self.run()
        self.declare(OrderSent)
        self.run("--accept-breaks")
        self.run("--check")

    @pytest.mark.parametrize("text", ["<<<<<<< HEAD", "{}", "[]"])
    def test_a_damaged_document_is_one_line(self, text: str) -> None:
        Path("asyncapi.json").write_text(text)
        with pytest.raises(SystemExit, match=r"^asyncapi\.json: it is [^\n]+ from git again$"):
            self.run("--check")
