"""Frames from RabbitMQ that the client could not decode as they are, and messages to it."""

import asyncio
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from aio_pika.message import IncomingMessage
from aiormq.abc import DeliveredMessage
from hypothesis import strategies as st
from pamqp import frame, header
from pamqp.commands import Basic

from app.services.rabbitmq.field_tables import MAX_VALUES
from app.services.rabbitmq.messages import read_message, write_copy, write_message
from app.services.rabbitmq.tolerant_frames import (
    UNREADABLE_TYPE,
    repair_content_header,
    repair_method,
)
from app.services.rabbitmq.tolerant_reader import TolerantReader
from app.utils.broker_errors import MessageRefusedError
from app.utils.envelope import Envelope
from tests.rabbitmq_outside_kit import (
    RawProperties,
    RawText,
    draw_many,
    properties,
    write_long,
    write_short,
    write_table,
)

ROOM = 100_000
EXAMPLES = 300
BYTES = st.binary(max_size=1)
FLAGS = st.integers(min_value=0, max_value=2**16 - 1)


def repair(drawn: dict[str, bytes]) -> Basic.Properties:
    """Return what the client decodes of properties after they were repaired."""
    written = header.ContentHeader(body_size=7, properties=RawProperties(drawn)).marshal()
    found = header.ContentHeader()
    found.unmarshal(repair_content_header(written))
    assert found.body_size == 7
    return found.properties


def receive(found: Basic.Properties) -> Envelope:
    """Return the message that the client hands over with properties."""
    delivered = DeliveredMessage(
        delivery=Basic.GetOk(delivery_tag=1, routing_key="topic"),
        header=header.ContentHeader(properties=found),
        body=b"{}",
        channel=None,  # type: ignore[arg-type] # nothing is acknowledged
    )
    return read_message(IncomingMessage(delivered, no_ack=True))


def test_properties_of_any_bytes_become_a_message_that_can_be_sent_on() -> None:
    for drawn, mode in draw_many(st.tuples(properties(), BYTES), EXAMPLES):
        message = receive(repair({**drawn, "delivery_mode": mode or b"\3"}))
        back = receive(write_copy(message.move(2), 10 * ROOM).properties)
        assert (back.id, back.body, back.attempt) == (message.id, message.body, 2)


def test_bytes_that_are_no_properties_are_a_message_all_the_same() -> None:
    for data, flags in draw_many(st.tuples(st.binary(max_size=300), FLAGS), EXAMPLES):
        found = header.ContentHeader()
        found.unmarshal(repair_content_header(struct.pack(">HHQH", 60, 0, 7, flags) + data))
        receive(found.properties)


def test_an_id_that_is_no_text_stays_an_id() -> None:
    ids = [receive(repair({"message_id": write_short(each)})).id for each in (b"\xff", b"\xfe")]
    assert ids == ["\\xff", "\\xfe"]


@pytest.mark.parametrize("name", ["message_id", "content_type", "correlation_id"])
def test_long_bytes_that_are_no_text_stay_different(name: str) -> None:
    first = getattr(repair({name: write_short(b"\xff" * 255)}), name)
    second = getattr(repair({name: write_short(b"\xff" * 254 + b"\xfe")}), name)
    assert first != second


@pytest.mark.parametrize("seconds", [-1, 2**63 - 1, 253402300800, 1764482400000000])
def test_a_time_that_is_none_is_left_out(seconds: int) -> None:
    assert repair({"timestamp": struct.pack(">q", seconds)}).timestamp is None


def test_headers_behind_one_of_an_unknown_type_are_kept_as_bytes() -> None:
    table = write_table([(b"known", b"S" + write_long(b"1")), (b"odd", b"Z1234"), (b"last", b"V")])
    found = repair({"content_type": write_short(b"application/json"), "headers": table})
    assert found.headers == {"known": "1", "unreadable-headers": "\x03oddZ1234\x04lastV"}
    assert found.content_type == UNREADABLE_TYPE


def test_a_table_as_deep_as_a_frame_is_long_ends_nothing() -> None:
    value = b"V"
    for _ in range(5000):
        value = b"A" + write_long(value)
    found = repair({"headers": write_table([(b"deep", value)])})
    assert found.content_type == UNREADABLE_TYPE


def test_more_headers_than_the_client_reads_in_time_are_left_as_bytes() -> None:
    pairs = [(b"%d" % number, b"V") for number in range(20 * MAX_VALUES)]
    headers = repair({"headers": write_table(pairs)}).headers or {}
    assert len(headers) == MAX_VALUES + 1


def test_names_that_the_client_would_cut_off_stay_different() -> None:
    long = {f"{'x' * 200}{end}": end for end in "ab"}
    sent = write_copy(replace(make_message(), headers=long), ROOM)
    assert sorted(receive(sent.properties).headers.values()) == ["a", "b"]


def test_a_delivery_whose_routing_key_is_no_text_can_be_decoded() -> None:
    method = Basic.Deliver("tag", 200, redelivered=True, exchange="", routing_key=RawText(b"\xff"))
    written = frame.marshal(method, 1)[7:-1]
    found = Basic.Deliver()
    found.unmarshal(repair_method(written)[4:])
    assert dict(found) == {**dict(method), "routing_key": "\\xff"}


async def test_the_client_reads_frames_as_they_are_and_repaired_ones() -> None:
    source = asyncio.StreamReader()
    odd = header.ContentHeader(properties=RawProperties({"message_id": write_short(b"\xff")}))
    frames = [frame.marshal(Basic.GetEmpty(), 1), frame.marshal(odd, 1)]
    source.feed_data(b"".join(frames))
    source.feed_eof()
    reader = TolerantReader(source)
    assert [await reader.readexactly(n) for n in (1, 6)] == [frames[0][:1], frames[0][1:7]]
    assert await reader.readexactly(len(frames[0]) - 7) == frames[0][7:]
    head = await reader.readexactly(7)
    _, _, size = frame.frame_parts(head)
    assert frame.unmarshal(head + await reader.readexactly((size or 0) + 1))[1] == 1
    assert reader.at_eof()


def make_message() -> Envelope:
    return Envelope(topic="topic", body=b"{}", source="tests")


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(2026, 11, 30, 6, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=14))),
    ],
)
def test_every_time_travels_without_loss(moment: datetime) -> None:
    sent = write_message(replace(make_message(), time=moment), ROOM)
    written = header.ContentHeader(properties=sent.properties).marshal()
    found = header.ContentHeader()
    found.unmarshal(repair_content_header(written))
    assert receive(found.properties).time == moment


@pytest.mark.parametrize("name", ["id", "source", "key", "traceparent"])
def test_texts_longer_than_a_property_travel_as_headers(name: str) -> None:
    message = replace(make_message(), **{name: "ü" * 1000})  # type: ignore[arg-type] # by name
    assert getattr(receive(write_message(message, ROOM).properties), name) == "ü" * 1000


@pytest.mark.parametrize("name", ["id", "source", "key", "traceparent"])
def test_more_text_than_a_frame_has_room_for_is_refused(name: str) -> None:
    message = replace(make_message(), **{name: "ü" * ROOM})  # type: ignore[arg-type] # by name
    with pytest.raises(MessageRefusedError, match="bytes of headers are too many"):
        write_copy(message, ROOM)


def test_a_letter_of_a_topic_longer_than_any_is_sent_on() -> None:
    message = replace(make_message(), topic="t" * 1000)
    assert receive(write_copy(message.move(1), ROOM).properties).topic == "t" * 1000
