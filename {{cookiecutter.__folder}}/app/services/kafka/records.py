"""Messages as Kafka keeps them: headers as the Kafka binding of CloudEvents 1.0 says."""

from typing import Any

from app.utils.envelope import TOPIC_HEADER, Envelope, list_attributes, read_text, shorten

PREFIX = "ce_"
CONTENT_TYPE_HEADER = "content-type"
KEY_HEADER = f"{PREFIX}partitionkey"
# What a message is known by travels with it to every place of a group, whose room is limited;
# compressed, some hundred bytes of a record may be a key of many MiB.
MAX_ATTRIBUTE_BYTES = 4096
ATTRIBUTES = list_attributes(PREFIX) | {TOPIC_HEADER}


def make_headers(message: Envelope) -> list[tuple[str, bytes]]:
    """Return the headers of a record that carries the message."""
    headers = [(name, value.encode()) for name, value in message.to_headers(PREFIX).items()]
    headers.append((CONTENT_TYPE_HEADER, message.content_type.encode()))
    return headers


def read_envelope(record: Any, topic_id: str = "") -> Envelope:
    """Return the message that a record carries, whoever sent it, and wherever it is.

    `topic_id` is what the cluster knows the topic by, which another of its name has not. Of a key
    and of attributes that are longer than some KB, there is the beginning, and a digest.
    """
    headers = {
        name: shorten(value, MAX_ATTRIBUTE_BYTES) if name in ATTRIBUTES else read_text(value)
        for name, value in record.headers
        if value
    }
    if record.key and KEY_HEADER not in headers:
        headers[KEY_HEADER] = shorten(record.key, MAX_ATTRIBUTE_BYTES)
    return Envelope.from_headers(
        headers,
        record.value or b"",
        prefix=PREFIX,
        topic=record.topic,
        fallback_id=identify(record, topic_id),
        content_type=headers.get(CONTENT_TYPE_HEADER),
    )


def locate(record: Any) -> str:
    """Return where a record is."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def identify(record: Any, topic_id: str) -> str:
    """Return an id for a record that has none, which no other record ever has.

    A topic that is made again has another id than the one before, and so has its copy in another
    cluster. An offset may be used twice, when a server that had not everything becomes the leader:
    the time tells these records apart, and topics of servers that know no ids (before 2.8).
    """
    where = topic_id or record.topic
    return f"{where}/{record.partition}/{record.offset}/{record.timestamp}"
