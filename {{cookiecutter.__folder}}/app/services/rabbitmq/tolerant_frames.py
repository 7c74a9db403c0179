"""Frames of AMQP 0-9-1 from outside, in a form that the client can decode."""

import struct

from pamqp import commands
from pamqp.base import Frame

from app.services.rabbitmq.field_tables import is_plain_table, read_table, write_value
from app.utils.envelope import shorten

MAX_SHORT_BYTES = 255
# No subscription reads it: so a message ends as a dead letter whose headers are not all there.
UNREADABLE_TYPE = "application/vnd.unreadable-headers"
REST_HEADER = "unreadable-headers"
# Beside the properties: a class, a weight and the size of the body.
PREFIX_SIZE = 12
FLAGS = struct.Struct(">H")
SIZES = {"bit": 0, "octet": 1, "short": 2, "long": 4, "longlong": 8, "timestamp": 8}
LENGTHS = {"longstr", "table"}
DELIVERY_MODES = {1, 2}
# In the order in which they stand in a frame.
PROPERTIES = [
    (name, commands.Basic.Properties.flags[name], commands.Basic.Properties.amqp_type(name))
    for name in commands.Basic.Properties.attributes()
]


def repair_content_header(payload: bytes) -> bytes:
    """Return the properties of a message as the client can decode them: the same bytes, mostly."""
    try:
        if is_plain_header(payload):
            return payload
    except (IndexError, struct.error, ValueError):
        pass
    return payload[:PREFIX_SIZE] + read_properties(payload[PREFIX_SIZE:]).marshal()


def is_plain_header(payload: bytes) -> bool:
    """Tell whether the client can decode these properties, without decoding them."""
    [flags] = FLAGS.unpack_from(payload, PREFIX_SIZE)
    if flags & 1:
        return False  # there would be more properties than there are
    at = PREFIX_SIZE + FLAGS.size
    for name, flag, kind in PROPERTIES:
        if not flags & flag:
            continue
        if kind == "shortstr":
            begin, at = at + 1, at + 1 + payload[at]
            text = payload[begin:at]
            if name == "expiration" and not text.isdigit():
                return False
            if not text.isascii():
                text.decode()
        elif kind == "table":
            begin, at = at + 4, at + 4 + int.from_bytes(payload[at : at + 4])
            if not is_plain_table(payload, begin, at):
                return False
        elif kind == "timestamp":
            # Seconds, which are in any year that the client knows.
            if payload[at : at + 4] != b"\0\0\0\0":
                return False
            at += 8
        else:
            if name == "delivery_mode" and payload[at] not in DELIVERY_MODES:
                return False
            at += 1
    return at <= len(payload)


def read_properties(data: bytes) -> commands.Basic.Properties:
    """Return what can be read of properties; what cannot is text, or left out."""
    properties = commands.Basic.Properties()
    flags, at, rest = int.from_bytes(data[: FLAGS.size]), FLAGS.size, b""
    for name, flag, kind in PROPERTIES:
        if not flags & flag:
            continue
        if at >= len(data):
            at += 1
            break
        if kind == "shortstr":
            begin, at = at + 1, at + 1 + data[at]
            text = shorten(data[begin:at], MAX_SHORT_BYTES)
            if name != "expiration" or data[begin:at].isdigit():
                setattr(properties, name, text)
        elif kind == "table":
            begin, at = at + 4, at + 4 + int.from_bytes(data[at : at + 4])
            properties.headers, rest = read_table(data[begin:at])
        elif kind == "timestamp":
            at += 8  # a message has its time elsewhere
        else:
            if name != "delivery_mode" or data[at] in DELIVERY_MODES:
                setattr(properties, name, data[at])
            at += 1
    if rest or at > len(data) or flags & 1:
        headers = {**(properties.headers or {}), REST_HEADER: write_value(rest or data)}
        properties.headers, properties.content_type = headers, UNREADABLE_TYPE
    return properties


def repair_method(payload: bytes) -> bytes:
    """Return a method, such as a delivery with its routing key, as the client can decode it."""
    kind: type[Frame] | None = commands.INDEX_MAPPING.get(int.from_bytes(payload[:4]))
    if kind is None or payload.isascii():
        return payload
    parts, at, bits, is_odd = [payload[:4]], 4, 0, False
    for name in kind.attributes():
        data_type = kind.amqp_type(name)
        begin = at
        at += SIZES.get(data_type, 0)
        if data_type == "bit":
            at += bits % 8 == 0
            bits += 1
        else:
            bits = 0
        if data_type in LENGTHS:
            at += 4 + int.from_bytes(payload[at : at + 4])
        elif data_type == "shortstr":
            at += 1 + payload[at]
            text = payload[begin + 1 : at]
            if not text.isascii():
                written = shorten(text, MAX_SHORT_BYTES).encode()
                is_odd = is_odd or written != text
                parts.append(bytes([len(written)]) + written)
                continue
        parts.append(payload[begin:at])
    return b"".join(parts) if is_odd else payload
