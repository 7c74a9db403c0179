"""Messages as Kafka keeps them: headers as the Kafka binding of CloudEvents 1.0 says."""

from typing import Any

from app.utils.envelope import Envelope

PREFIX = "ce_"
CONTENT_TYPE_HEADER = "content-type"
KEY_HEADER = f"{PREFIX}partitionkey"


def make_headers(message: Envelope) -> list[tuple[str, bytes]]:
    """Return the headers of a record that carries the message."""
    headers = [(name, value.encode()) for name, value in message.to_headers(PREFIX).items()]
    headers.append((CONTENT_TYPE_HEADER, message.content_type.encode()))
    return headers


def read_envelope(record: Any, origin: str) -> Envelope:
    """Return the message that a record carries, whoever sent it, and wherever it is."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers if value}
    if record.key and KEY_HEADER not in headers:
        headers[KEY_HEADER] = record.key.decode("utf-8", "replace")
    return Envelope.from_headers(
        headers,
        record.value or b"",
        prefix=PREFIX,
        topic=record.topic,
        fallback_id=origin,
        content_type=headers.get(CONTENT_TYPE_HEADER),
    )


def locate(record: Any) -> str:
    """Return where a record is."""
    return f"{record.topic}/{record.partition}/{record.offset}"
