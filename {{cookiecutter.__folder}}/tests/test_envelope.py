"""Messages on the wire: CloudEvents attributes, and plain messages without them."""

from datetime import UTC, datetime

from app.utils.envelope import TOPIC_HEADER, Envelope

MESSAGE = Envelope(
    topic="item.created",
    body=b"{}",
    source="shop",
    id="1",
    time=datetime(2026, 1, 1, tzinfo=UTC),
    key="7",
)


def read(headers: dict[str, str]) -> Envelope:
    return Envelope.from_headers(
        headers, b"{}", prefix="ce_", topic="item.created", fallback_id="topic/0/9"
    )


def test_the_headers_are_those_of_cloudevents() -> None:
    assert MESSAGE.to_headers("ce_") == {
        "ce_specversion": "1.0",
        "ce_id": "1",
        "ce_type": "item.created",
        "ce_source": "shop",
        "ce_time": "2026-01-01T00:00:00+00:00",
        "ce_partitionkey": "7",
    }


def test_a_message_comes_back_from_its_headers() -> None:
    assert read(MESSAGE.to_headers("ce_")) == MESSAGE


def test_a_message_of_a_plain_client_is_known_by_where_it_was() -> None:
    message = read({})
    assert message.id == "topic/0/9"
    assert message.source == "unknown"


def test_a_time_that_is_none_is_replaced() -> None:
    assert read({"ce_time": "yesterday"}).time.tzinfo is UTC


def test_a_message_whose_attributes_are_empty_is_the_same_when_it_was_sent_on() -> None:
    headers = {f"ce_{name}": "" for name in ("source", "id", "partitionkey", "time")}
    headers[TOPIC_HEADER] = ""
    places = {"prefix": "ce_", "topic": "item.created", "fallback_id": "7"}
    first = Envelope.from_headers(headers, b"", **places)
    again = Envelope.from_headers(first.move(2).to_headers("ce_"), b"", **places)
    assert (first.source, first.id, first.topic) == (again.source, again.id, again.topic)
    assert (first.topic, first.key) == ("item.created", again.key)
