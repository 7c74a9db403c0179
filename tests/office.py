"""A rendered service, and plain clients of the same broker that talk to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.parcel_service import ParcelService
from tests.peering import Peer, run_peer
from tests.processes import wait_for

JSON = "application/json"
PREFIXES = {"rabbitmq": "cloudEvents:", "kafka": "ce_"}
GROUPS = ("receive_parcel", "count_parcel")


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
        """Send a message as such clients do; return what of its id the broker tells."""
        if self.parcels.broker == "kafka":
            merged = {"content-type": content_type, **(headers or {})}
            place = self.plain.send(self.topic, body, merged) or ""
            # The id of the topic stands before them, and the time behind.
            return f"/{place.partition('/')[2]}/"
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


@pytest.fixture(scope="session")
def office(parcels: ParcelService) -> Iterator[Office]:
    with run_listener(parcels, "plain") as plain:
        yield Office(parcels, plain)


def name_parcel() -> str:
    return f"parcel-{uuid4().hex[:8]}"


def write(parcel: str) -> bytes:
    return json.dumps({"parcel": parcel, "unknown": "and ignored"}).encode()
