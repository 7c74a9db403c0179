"""Records of other systems, of any content: keys, headers and times that we do not write."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.utils.envelope import Envelope
from tests.kafka_raw import GZIP, LZ4, NOW, SNAPPY, ZSTD, Header, make_batch, make_record

Drawn = TypeVar("Drawn")

ANY = st.binary(max_size=60)
TEXT = st.text(max_size=60)
TIMES = st.sampled_from(
    (
        b"1969-12-31T23:59:59Z",
        b"0001-01-01T00:00:00+14:00",
        b"9999-12-31T23:59:59.999999-14:00",
        b"2026-02-30T00:00:00Z",
        b"2016-12-31T23:59:60Z",
        b"2026-11-30T06:00:00.123456789+05:45:30",
        b"now",
    )
)
NUMBERS = st.sampled_from((b"0", b"2", b"-1", b"\xd9\xa3", b"9" * 5000, b"1e3", b" 2"))
TYPES = st.sampled_from((b"application/json", b"application/JSON; charset=x", b"text/xml"))
WRITTEN = st.one_of(TIMES, NUMBERS, TYPES, TEXT.map(str.encode), ANY, st.none())
OURS = ("specversion", "id", "type", "source", "time", "partitionkey", "subject")
NAMES = st.sampled_from(
    (
        *(f"ce_{name}".encode() for name in OURS),
        *(b"traceparent", b"content-type", b"retry-attempt", b"retry-topic", b"reply-to"),
        *(b"reply-request", b"request-deadline", b"dead-letter-reason", b"unreadable-offsets"),
    )
)
HEADERS: st.SearchStrategy[list[Header]] = st.lists(
    st.tuples(st.one_of(NAMES, ANY), WRITTEN), max_size=6
)
KEYS = st.one_of(st.none(), ANY, st.just(b"k" * 20_000), TEXT.map(str.encode))
RECORD_TIMES = st.sampled_from((NOW, 0, -1, -2, -(2**62), 2**53, 2**62))
BODIES = st.one_of(st.none(), ANY, st.sampled_from((b"null", b"[]", b"{}", b"\xef\xbb\xbf{}")))
CODECS = st.sampled_from((0, 0, GZIP, SNAPPY, LZ4, ZSTD))


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A batch of another system, and how many records it has."""

    data: bytes
    records: int


@st.composite
def foreign_batches(draw: st.DrawFn) -> Foreign:
    """Draw a batch of records, some of which are events."""
    records = []
    for number in range(draw(st.integers(1, 4))):
        event = st.integers(0, 10**6).map(lambda number: b'{"number": %d}' % number)
        body = draw(st.one_of(event, BODIES))
        records.append(make_record(number, body, draw(KEYS), draw(HEADERS)))
    codec = draw(CODECS)
    rest = draw(st.sampled_from((b"", b"", b"rubbish"))) if codec == GZIP else b""
    batch = make_batch(*records, codec=codec, rest=rest, timestamp=draw(RECORD_TIMES))
    return Foreign(data=batch, records=1 if rest else len(records))


ODD_TEXT = st.one_of(
    TEXT, st.sampled_from(("", "\udc80", "a\0b", "ü\r\nx: y", "k" * 20_000, "\N{SNOWMAN}"))
)
ODD_TIMES = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(
        (
            datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
            datetime.max.replace(tzinfo=timezone(-timedelta(hours=14))),
        )
    ),
)


@st.composite
def own_messages(draw: st.DrawFn) -> Envelope:
    """Draw a message that a service publishes, whose topic is filled in later."""
    return Envelope(
        topic="",
        body=draw(st.one_of(st.just(b'{"number": 7}'), ANY)),
        source=draw(ODD_TEXT),
        id=draw(ODD_TEXT),
        time=draw(ODD_TIMES),
        key=draw(st.one_of(st.none(), ODD_TEXT)),
        traceparent=draw(st.one_of(st.none(), ODD_TEXT)),
        content_type=draw(st.one_of(st.just("application/json"), ODD_TEXT)),
        attempt=draw(st.sampled_from((0, 1, 2, -5, 10**30))),
        headers=draw(st.dictionaries(ODD_TEXT, ODD_TEXT, max_size=4)),
    )


def draw_many(strategy: st.SearchStrategy[Drawn], count: int) -> list[Drawn]:
    """Return examples, the same each time; all of them are sent before anything is looked at."""
    found: list[Drawn] = []

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(drawn: Drawn) -> None:
        found.append(drawn)

    collect()
    return found
