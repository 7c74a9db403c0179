"""A rendered service exchanges messages with plain clients and with FastStream, on both brokers."""

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.clients import send
from tests.parcel_service import ParcelService
from tests.peering import Message, Peer, PeerRefusedError, run_peer
from tests.processes import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.servers]

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
JSON = "application/json"
PREFIXES = {"rabbitmq": "cloudEvents:", "kafka": "ce_"}
GROUPS = ("receive_parcel", "count_parcel")
TOO_LARGE = 10_000_000
# The largest that a plain client can send: a producer of Kafka takes 1 MiB with all around it.
LARGEST = {"rabbitmq": TOO_LARGE, "kafka": 1024 * 1024 - 200}
# What is sent, as what, and what the dead letter says of it.
BAD = {
    "undecodable": (b"\xff\xfe\x00", JSON, "body: Invalid JSON"),
    "truncated": (b'{"parcel": "p', JSON, "body: Invalid JSON"),
    "empty": (b"", JSON, "body: Invalid JSON"),
    "a list": (b"[1, 2]", JSON, "body: "),
    "without a field": (b'{"weight": 3}', JSON, "parcel: Field required"),
    "of another type": (b'{"parcel": 3}', JSON, "parcel: Input should be a valid string"),
    "text": (b'{"parcel": "p"}', "text/plain", "'text/plain' is not application/json"),
}


@dataclass(frozen=True)
class Office:
    """The service, and a plain client of the same broker."""

    parcels: ParcelService
    plain: Peer

    @property
    def topic(self) -> str:
        """The topic that the service listens to."""
        return f"{self.parcels.topics}.parcel.sent"

    @property
    def prefix(self) -> str:
        """What the names of CloudEvents attributes begin with."""
        return PREFIXES[self.parcels.broker]

    def send(
        self,
        body: bytes,
        *,
        content_type: str = JSON,
        message_id: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Send a message as such clients do, and return what the broker knows it by."""
        if self.parcels.broker == "kafka":
            merged = {"content-type": content_type, **(headers or {})}
            return self.plain.send(self.topic, body, merged) or ""
        more = {"message_id": message_id} if message_id else {}
        self.plain.send(self.topic, body, headers, content_type=content_type, **more)
        return message_id or ""

    def send_with_id(self, body: bytes, identity: str) -> None:
        """Send a message with an id of its sender's, where plain clients of the broker put it."""
        headers = {"ce_id": identity} if self.parcels.broker == "kafka" else None
        self.send(body, message_id=identity, headers=headers)

    def find_line(self, parcel: str) -> dict[str, Any]:
        """Return the line that the handler logged of a parcel."""
        [line] = wait_for(
            lambda: self.parcels.read_log("worker", "parcel received", parcel=parcel),
            f"{parcel} in the log",
        )
        found: dict[str, Any] = line
        return found


@contextmanager
def run_listener(parcels: ParcelService, kind: str) -> Iterator[Peer]:
    """Run a peer that hears of every parcel which the service received."""
    url, topic = parcels.variables["BROKER_URL"], f"{parcels.topics}.parcel.received"
    with run_peer(f"{kind}_{parcels.broker}", url, topic, log=parcels.logs / kind) as peer:
        yield peer


@pytest.fixture(scope="module")
def office(parcels: ParcelService) -> Iterator[Office]:
    with run_listener(parcels, "plain") as plain:
        yield Office(parcels, plain)


@pytest.fixture(scope="module")
def faststream(parcels: ParcelService) -> Iterator[Peer]:
    with run_listener(parcels, "faststream") as peer:
        yield peer


def name_parcel() -> str:
    return f"parcel-{uuid4().hex[:8]}"


def write(parcel: str) -> bytes:
    return json.dumps({"parcel": parcel, "unknown": "and ignored"}).encode()


def is_of(parcel: str) -> Callable[[Message], bool]:
    return lambda message: message.json == {"parcel": parcel}


def test_without_headers_a_message_is_known_by_what_the_broker_knows(office: Office) -> None:
    parcel = name_parcel()
    identity = office.send(write(parcel), message_id=f"id of {parcel}")
    office.parcels.wait_until_done(parcel)
    line = office.find_line(parcel)
    assert (line["id"], line["source"]) == (identity, "unknown")


def test_a_message_that_comes_twice_with_an_id_is_handled_once(office: Office) -> None:
    parcel = name_parcel()
    for _ in range(2):
        office.send_with_id(write(parcel), f"id of {parcel}")

    def recognise() -> bool:
        lines = office.parcels.read_log("worker", "message seen before", id=f"id of {parcel}")
        return {line["handler"] for line in lines} == set(GROUPS)

    wait_for(recognise, "the second message")
    office.parcels.wait_until_done(parcel)


def test_a_message_that_comes_twice_without_an_id_is_handled_twice(office: Office) -> None:
    parcel = name_parcel()
    for _ in range(2):
        office.send(write(parcel))
    office.parcels.wait_until_done(parcel, "counted", "counted", "received", "received")


def test_cloudevents_of_a_plain_client_are_understood(office: Office) -> None:
    parcel = name_parcel()
    attributes = {
        "specversion": "1.0",
        "id": f"event of {parcel}",
        "type": "whatever they call it",
        "source": "/their/service",
        "time": "2026-11-21T10:00:00Z",
    }
    headers = {f"{office.prefix}{name}": value for name, value in attributes.items()}
    office.send(write(parcel), headers={**headers, "traceparent": TRACEPARENT})
    office.parcels.wait_until_done(parcel)
    line = office.find_line(parcel)
    assert (line["id"], line["source"]) == (attributes["id"], attributes["source"])
    assert line["trace_id"] == TRACE


def test_a_plain_client_gets_cloudevents(office: Office) -> None:
    parcel, service = name_parcel(), office.parcels
    body = {"parcel": parcel}
    assert send(service.port, "POST", "/v1/parcels", body, traceparent=TRACEPARENT).status == 201
    message = office.plain.wait_for(is_of(parcel))
    own = message.headers
    attributes = {
        name.removeprefix(office.prefix): value
        for name, value in own.items()
        if name.startswith(office.prefix)
    }
    moment = datetime.fromisoformat(attributes.pop("time"))
    identity = attributes.pop("id")
    assert moment.tzinfo is not None
    assert attributes == {
        "specversion": "1.0",
        "type": message.topic,
        "source": service.variables["SERVICE_NAME"],
        "partitionkey": parcel,
    }
    assert own["traceparent"].split("-")[:2] == ["00", TRACE]
    if service.broker == "rabbitmq":
        assert message.properties == {
            "content_type": JSON,
            "message_id": identity,
            "is_persistent": True,
        }
    else:
        assert message.properties == {"key": parcel}
        assert own["content-type"] == JSON


def test_faststream_and_the_service_hear_each_other_in_one_trace(
    office: Office, faststream: Peer
) -> None:
    parcel = name_parcel()
    faststream.send(office.topic, write(parcel), {"traceparent": TRACEPARENT})
    office.parcels.wait_until_done(parcel)
    assert office.find_line(parcel)["trace_id"] == TRACE
    heard = faststream.wait_for(is_of(parcel))
    assert heard.headers["traceparent"].split("-")[1] == TRACE


def list_ends(parcels: ParcelService, group: str, identities: Collection[str]) -> list[str]:
    """List the dead letters of a group as soon as all of these are there."""

    def look() -> list[str]:
        lines = parcels.list_dead(group)
        ends = [line for line in lines if line.startswith(tuple(identities))]
        return ends if len(ends) >= len(identities) else []

    lines: list[str] = wait_for(look, f"dead letters of {group}")
    return lines


@pytest.fixture(scope="module")
def ends(office: Office) -> dict[tuple[str, str], list[str]]:
    """The dead letters of each bad input, by its title and the group, once others passed it."""
    identities = {
        title: office.send(body, content_type=content_type, message_id=f"{title} {uuid4().hex}")
        for title, (body, content_type, _) in BAD.items()
    }
    parcel = name_parcel()
    office.send(write(parcel))
    office.parcels.wait_until_done(parcel)
    lines = {group: list_ends(office.parcels, group, identities.values()) for group in GROUPS}
    return {
        (title, group): [line for line in lines[group] if line.startswith(f"{identity} ")]
        for title, identity in identities.items()
        for group in GROUPS
    }


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("title", BAD)
def test_bad_input_becomes_one_dead_letter_that_says_why(
    ends: dict[tuple[str, str], list[str]], title: str, group: str
) -> None:
    [line] = ends[title, group]
    assert "unreadable after 1 attempt: " in line
    assert BAD[title][2] in line


def test_a_message_as_large_as_can_be_ends_as_any_other(office: Office) -> None:
    parcel = name_parcel()
    size = LARGEST[office.parcels.broker]
    identity = office.send(b"x" * size, message_id=f"large {parcel}")
    office.send(write(parcel))
    office.parcels.wait_until_done(parcel)
    line = office.parcels.wait_for_dead(identity)
    assert "unreadable after 1 attempt: " in line


def test_kafka_takes_no_message_of_10_mb_and_its_client_says_so(office: Office) -> None:
    if office.parcels.broker == "kafka":
        with pytest.raises(PeerRefusedError, match=r"MessageSizeTooLargeError.*larger than"):
            office.send(b"x" * TOO_LARGE)
