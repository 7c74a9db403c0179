"""Messages of other systems: properties and headers of any content, also what no client writes."""

import struct
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pamqp.commands import Basic

Drawn = TypeVar("Drawn")

ANY = st.binary(max_size=255)
# All characters would take hypothesis some seconds to find out.
ALPHABET = "aZ0 .:\"'\\\0\n\u00fc\u20ac\u200e\U0001f600"
TEXT = st.text(ALPHABET, max_size=60).map(lambda text: text.encode()[:255])
CONTENT_TYPES = st.sampled_from((b"application/json", b"application/json; charset=utf-8"))
TIMES = st.sampled_from(
    (
        b"1969-12-31T23:59:59Z",
        b"0001-01-01T00:00:00+14:00",
        b"9999-12-31T23:59:59.999999-14:00",
        b"2106-02-07T06:28:16Z",
        b"2026-02-30T00:00:00Z",
        b"2016-12-31T23:59:60Z",
        b"2026-11-30T06:00:00.123456789+05:45:30",
        b"20261130T060000Z",
        b"now",
    )
)
NUMBERS = st.sampled_from((b"0", b"2", b"-1", b"\xd9\xa3", b"9" * 5000, b"1e3", b" 2"))
# In the order in which they stand in a frame; RabbitMQ itself reads `expiration` and `user_id`.
FLAGS = {
    "content_type": 15,
    "content_encoding": 14,
    "headers": 13,
    "delivery_mode": 12,
    "priority": 11,
    "correlation_id": 10,
    "reply_to": 9,
    "message_id": 7,
    "timestamp": 6,
    "message_type": 5,
    "app_id": 3,
    "cluster_id": 2,
}
SHORT_TEXTS = FLAGS.keys() - {"headers", "delivery_mode", "priority", "timestamp"}


class RawProperties(Basic.Properties):
    """Properties as they are on the wire, which the client does not look into."""

    def __init__(self, drawn: dict[str, bytes]) -> None:
        super().__init__()
        flags = sum(1 << FLAGS[name] for name in drawn)
        values = b"".join(drawn[name] for name in FLAGS if name in drawn)
        self._raw = struct.pack(">H", flags) + values

    def marshal(self) -> bytes:
        return self._raw


class RawText(str):
    """A text whose bytes on the wire are none of UTF-8."""

    __slots__ = ("_raw",)
    _raw: bytes

    def __new__(cls, raw: bytes) -> "RawText":
        made = super().__new__(cls, raw.decode("latin-1"))
        made._raw = raw
        return made

    def encode(self, *_: str) -> bytes:
        return self._raw


def write_short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def write_long(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def fixed(kind: bytes, size: int) -> st.SearchStrategy[bytes]:
    """Return values of a type whose size is always the same."""
    return st.binary(min_size=size, max_size=size).map(lambda value: kind + value)


SIZES = {b"t": 1, b"b": 1, b"B": 1, b"s": 2, b"u": 2, b"I": 4, b"i": 4, b"l": 8, b"f": 4, b"d": 8}
SIMPLE = st.one_of(
    *(fixed(kind, size) for kind, size in {**SIZES, b"D": 5, b"T": 8, b"V": 0}.items()),
    st.one_of(ANY, TEXT, TIMES).map(lambda text: b"S" + write_long(text)),
    ANY.map(lambda data: b"x" + write_long(data)),
    st.sampled_from((b"d\x7f\xf8" + bytes(6), b"f\x7f\x80\0\0", b"T" + b"\xff" * 8)),
)


def write_table(pairs: list[tuple[bytes, bytes]]) -> bytes:
    return write_long(b"".join(write_short(name) + value for name, value in pairs))


def nest(values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return tables and arrays of values."""
    pairs = st.lists(st.tuples(ANY, values), max_size=3)
    items = st.lists(values, max_size=3)
    return st.one_of(
        pairs.map(lambda found: b"F" + write_table(found)),
        items.map(lambda found: b"A" + write_long(b"".join(found))),
    )


VALUES = st.recursive(SIMPLE, nest, max_leaves=6)
OURS = ("specversion", "type", "source", "time", "partitionkey", "subject")
KNOWN_NAMES = st.sampled_from(
    (
        *(f"cloudEvents:{name}".encode() for name in OURS),
        *(b"traceparent", b"content-type", b"retry-attempt", b"retry-topic", b"suspect-deaths"),
        *(b"x-delivery-count", b"x-death", b"dead-letter-reason", b"dead-letter-attempts"),
    )
)
WRITTEN = st.one_of(TIMES, NUMBERS, TEXT, ANY).map(lambda text: b"S" + write_long(text))
HEADERS = st.lists(
    st.one_of(st.tuples(KNOWN_NAMES, st.one_of(WRITTEN, VALUES)), st.tuples(ANY, VALUES)),
    max_size=5,
    unique_by=lambda pair: pair[0],
)


@st.composite
def properties(draw: st.DrawFn) -> dict[str, bytes]:
    """Draw properties, each as it is on the wire."""
    drawn: dict[str, bytes] = {}
    for name in FLAGS:
        if not draw(st.booleans()):
            continue
        if name == "content_type":
            drawn[name] = write_short(draw(st.one_of(CONTENT_TYPES, ANY)))
        elif name == "headers":
            drawn[name] = write_table(draw(HEADERS))
        elif name == "timestamp":
            drawn[name] = draw(st.binary(min_size=8, max_size=8))
        elif name == "delivery_mode":
            # RabbitMQ 4 itself refuses others.
            drawn[name] = draw(st.sampled_from((b"\x01", b"\x02")))
        elif name in SHORT_TEXTS:
            drawn[name] = write_short(draw(ANY))
        else:
            drawn[name] = draw(st.binary(min_size=1, max_size=1))
    return drawn


def draw_many(strategy: st.SearchStrategy[Drawn], count: int) -> list[Drawn]:
    """Draw values at once, to be sent over one connection; the same ones each time."""
    drawn: list[Drawn] = []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Drawn) -> None:
        drawn.append(value)

    collect()
    return drawn
