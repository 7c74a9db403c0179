"""Field tables of AMQP 0-9-1, as RabbitMQ writes the headers of a message."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pamqp.common import FieldTable

from app.utils.envelope import read_text, shorten

# The client needs a time that grows with the square of the number of values.
MAX_VALUES = 1000
MAX_DEPTH = 16
# The client cuts a longer name off, so that two could become the same.
MAX_NAME_BYTES = 128
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FIXED = {
    b"t": struct.Struct(">?"),
    b"b": struct.Struct(">b"),
    b"B": struct.Struct(">B"),
    b"s": struct.Struct(">h"),
    b"u": struct.Struct(">H"),
    b"I": struct.Struct(">i"),
    b"i": struct.Struct(">I"),
    b"l": struct.Struct(">q"),
    b"L": struct.Struct(">q"),
    b"f": struct.Struct(">f"),
    b"d": struct.Struct(">d"),
    b"D": struct.Struct(">Bi"),
    b"T": struct.Struct(">q"),
}
VALUES = {kind[0]: value for kind, value in FIXED.items()}
SIZES = {kind: value.size for kind, value in VALUES.items()}
STRING, BYTES, TABLE, ARRAY, TIMESTAMP, DECIMAL = b"SxFATD"
VOID = b"V\x00"

Value = object


def is_plain_table(data: bytes, at: int, end: int) -> bool:
    """Tell whether the client can decode a table, without decoding it.

    What is rare, such as a table in a table, is not plain.
    """
    values = 0
    while at < end:
        values += 1
        begin, at = at + 1, at + 1 + data[at]
        name = data[begin:at]
        if not name.isascii():
            name.decode()
        kind = data[at]
        at += 1
        if kind == STRING:
            at += 4 + int.from_bytes(data[at : at + 4])
        elif kind == TIMESTAMP or kind not in SIZES:
            return False
        else:
            at += SIZES[kind]
    return at == end <= len(data) and values <= MAX_VALUES


def read_table(data: bytes) -> tuple[FieldTable, bytes]:
    """Return the names and values of a table, and the rest of it that cannot be read.

    Whole numbers stay what they are. All else becomes the text that it is for a message.
    """
    found: FieldTable = {}
    at = 0
    try:
        for name, value, end in iterate_table(data, 0, len(data), 0):
            if len(found) == MAX_VALUES:
                break
            whole = value if isinstance(value, int) and not isinstance(value, bool) else None
            found[shorten(name, MAX_NAME_BYTES)] = write_value(value) if whole is None else whole
            at = end
    except (IndexError, struct.error, ValueError):
        pass
    return found, data[at:]


def iterate_table(data: bytes, at: int, end: int, depth: int) -> Iterator[tuple[bytes, Value, int]]:
    """Yield the names and values of a table, each with the place behind it."""
    while at < end:
        begin, at = at + 1, at + 1 + data[at]
        name = data[begin:at]
        value, at = read_value(data, at, end, depth)
        yield name, value, at


def read_value(data: bytes, at: int, end: int, depth: int) -> tuple[Value, int]:
    """Return the value at a place, and the place behind it; raises ValueError for what is none."""
    kind, at = data[at], at + 1
    if kind in VOID:
        return None, at
    if kind in VALUES:
        return read_number(kind, data, at), at + SIZES[kind]
    length, at = int.from_bytes(data[at : at + 4]), at + 4
    behind = at + length
    if behind > end or depth == MAX_DEPTH:
        raise ValueError(f"{length} bytes of a value are too many")
    if kind == TABLE:
        pairs = iterate_table(data, at, behind, depth + 1)
        return {write_value(name): value for name, value, _ in pairs}, behind
    if kind == ARRAY:
        items = []
        while at < behind:
            item, at = read_value(data, at, behind, depth + 1)
            items.append(item)
        return items, behind
    if kind not in (STRING, BYTES):
        raise ValueError(f"no value has the type {kind}")
    return data[at:behind], behind


def read_number(kind: int, data: bytes, at: int) -> Value:
    """Return a value of a fixed size."""
    value, *more = VALUES[kind].unpack_from(data, at)
    if kind == DECIMAL:
        return Decimal(more[0]).scaleb(-value)
    if kind == TIMESTAMP:
        return read_timestamp(value)
    return value


def read_timestamp(seconds: int) -> datetime | int:
    """Return the moment; the number where it is none, such as one in milliseconds."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return seconds


def write_value(value: Value) -> str:
    """Return a header's value, which has many types here, as the text that it is elsewhere."""
    if isinstance(value, bytes | bytearray):
        return read_text(value)
    return value if isinstance(value, str) else str(value)
