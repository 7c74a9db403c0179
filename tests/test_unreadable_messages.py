"""Messages that a service cannot read become dead letters that say why, and stop nobody."""

from collections.abc import Collection
from uuid import uuid4

import pytest

from tests.office import GROUPS, JSON, Office, name_parcel, write
from tests.parcel_service import ParcelService
from tests.peering import PeerRefusedError
from tests.processes import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.servers]

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


def list_ends(parcels: ParcelService, group: str, identities: Collection[str]) -> list[str]:
    """List the dead letters of a group as soon as all of these are there."""

    def look() -> list[str]:
        lines = parcels.list_dead(group)
        ends = [line for line in lines if any(identity in line for identity in identities)]
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
        (title, group): [line for line in lines[group] if identity in line]
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
