"""A rendered service exchanges messages with plain clients and with FastStream, on both brokers."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from tests.clients import send
from tests.office import GROUPS, JSON, Office, name_parcel, run_listener, write
from tests.parcel_service import ParcelService
from tests.peering import PROGRAMS, Message, Peer, make_environment
from tests.processes import wait_for
from tests.programs import check

pytestmark = [pytest.mark.slow, pytest.mark.servers]

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def faststream(parcels: ParcelService) -> Iterator[Peer]:
    with run_listener(parcels, "faststream") as peer:
        yield peer


def is_of(parcel: str) -> Callable[[Message], bool]:
    return lambda message: message.json == {"parcel": parcel}


def test_without_headers_a_message_is_known_by_what_the_broker_knows(office: Office) -> None:
    parcel = name_parcel()
    identity = office.send(write(parcel), message_id=f"id of {parcel}")
    office.parcels.wait_until_done(parcel)
    line = office.find_line(parcel)
    assert identity in line["id"]
    assert line["source"] == "unknown"


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


def test_an_event_of_the_example_in_the_documents_is_handled(office: Office) -> None:
    parcel, url = name_parcel(), office.parcels.variables["BROKER_URL"]
    program = PROGRAMS / f"send_to_{office.parcels.broker}.py"
    check(make_environment() / "bin" / "python", program, url, office.topic, write(parcel).decode())
    office.parcels.wait_until_done(parcel)
    assert office.find_line(parcel)["source"] == "/their/service"


def test_a_plain_client_gets_cloudevents(office: Office) -> None:
    parcel, service = name_parcel(), office.parcels
    body = {"parcel": parcel}
    trace = {"traceparent": TRACEPARENT, "tracestate": "vendor=there"}
    assert send(service.port, "POST", "/v1/parcels", body, **trace).status == 201
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
    assert own["tracestate"] == trace["tracestate"]
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
