"""Bodies of any content: an event, or why there is none in them."""

import pytest
from pydantic import Field, field_validator

from app.services.decoding import UndeliverableError, decode
from app.utils.envelope import Envelope
from app.utils.message_broker import Event


class Counted(Event, topic="test.counted"):
    """An event with a validator that fails in its own way."""

    number: int
    weights: dict[str, int] = Field(default_factory=dict)

    @field_validator("number")
    @classmethod
    def divide(cls, number: int) -> int:
        """Raise what no validator should."""
        return 100 // number


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"\x00",
        b"[" * 100_000,
        b'{"number": 1e999}',
        b'{"number": %s}' % (b"9" * 5000),
        b'{"number": NaN}',
        b'{"number": "\\ud800"}',
        b'{"number": 0}',
        b'{"number": 1, "weights": {"%s": "heavy"}}' % (b"k" * 100_000),
    ],
)
def test_a_body_that_is_no_event_is_undeliverable_and_says_so_in_short(body: bytes) -> None:
    message = Envelope(topic="test.counted", body=body, source="tests")
    with pytest.raises(UndeliverableError, match=r"not a test\.counted") as caught:
        decode(message, Counted)
    assert len(str(caught.value)) < 5000


@pytest.mark.parametrize("kind", ["", "a" * 255, "application/xml", "\\xff\\xfe", ";", "\0"])
def test_a_content_type_that_is_not_json_is_undeliverable(kind: str) -> None:
    message = Envelope(topic="test.counted", body=b"{}", source="tests", content_type=kind)
    with pytest.raises(UndeliverableError, match="is not application/json"):
        decode(message, Counted)


@pytest.mark.parametrize("text", ["-1", "0", "9" * 5000, "1e3", "٣", "", " 2", "+2", "2.0"])
def test_an_attempt_that_is_no_number_is_the_first(text: str) -> None:
    message = Envelope.from_headers(
        {"retry-attempt": text}, b"{}", prefix="", topic="test.counted", fallback_id=""
    )
    assert message.attempt == 1
