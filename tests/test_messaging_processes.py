"""How processes of services reach each other over a broker, also over one that comes late."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.clients import send
from tests.outages import private_server
from tests.parcel_service import (
    API_PROCESSES,
    BROKERS,
    ParcelService,
    prepare_parcels,
    wait_until_ready,
)
from tests.processes import API, WORKER, find_port, wait_for
from tests.small_template import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.servers]

# In a folder that stays: fetching Kafka's files takes longer than the test.
HOME = ROOT / "build" / "private-servers" / os.environ.get("PYTEST_XDIST_WORKER", "alone")


def send_parcel(service: ParcelService) -> str:
    """Send a parcel through the API and return its name."""
    parcel = f"parcel-{uuid4().hex[:8]}"
    assert send(service.port, "POST", "/v1/parcels", {"parcel": parcel}).status == 201
    return parcel


def test_a_broadcast_reaches_every_process(parcels: ParcelService) -> None:
    def hear(text: str) -> list[int]:
        logs = ("api", "worker")
        return [
            line["pid"] for log in logs for line in parcels.read_log(log, "notice heard", text=text)
        ]

    def notify() -> str:
        text = uuid4().hex
        assert send(parcels.port, "POST", "/v1/notices", {"text": text}).status == 201
        return text

    # Whoever has heard one listens.
    listening: set[int] = set()
    notices: list[str] = []

    def everybody_listens() -> bool:
        notices.append(notify())
        listening.update(pid for text in notices for pid in hear(text))
        return len(listening) == API_PROCESSES + 1

    wait_for(everybody_listens, "every process")
    last = notify()
    wait_for(lambda: len(hear(last)) >= len(listening), "the last notice")
    assert sorted(hear(last)) == sorted(listening)


@pytest.fixture(scope="module")
def asker(parcels: ParcelService) -> Iterator[ParcelService]:
    """Another service, which asks the first."""
    name = f"{parcels.variables['SERVICE_NAME']}_asker"
    variables = {**parcels.variables, "SERVICE_NAME": name, "WORKERS": "1"}
    other = replace(parcels, variables=variables, port=find_port())
    with ExitStack() as stack:
        api = other.begin(stack, *API, log="asker")
        wait_until_ready(other)
        yield other
        assert api.stop() == 0, api.output


def test_another_service_gets_the_reply_to_its_request(asker: ParcelService) -> None:
    assert send(asker.port, "GET", "/v1/weights/heavy").json == {"grams": 5, "error": ""}


def test_an_error_of_the_service_that_answers_is_raised_where_it_was_asked(
    asker: ParcelService,
) -> None:
    error = send(asker.port, "GET", "/v1/weights/none").json["error"]
    assert error == "NotFoundError: there is no such parcel"


def test_a_reply_that_does_not_come_is_waited_for_until_the_deadline(
    asker: ParcelService,
) -> None:
    error = send(asker.port, "GET", "/v1/weights/endless").json["error"]
    assert error == f"ReplyTimeoutError: {asker.topics}.parcel.weigh: no reply in 2 s"


def test_a_request_that_nobody_answers_fails_as_the_broker_can_tell(asker: ParcelService) -> None:
    error = send(asker.port, "GET", "/v1/weights/unanswered").json["error"]
    what = {
        "rabbitmq": "UnavailableError: {}: nobody is there to answer",
        "kafka": "ReplyTimeoutError: {}: no reply in 2 s",
    }
    assert error == what[asker.broker].format(f"{asker.topics}.scales.read")


def find_lags(port: int) -> list[str]:
    """Return how much waits for each subscription, as the metrics of a worker tell it."""
    text = send(port, "GET", "/metrics").body.decode()
    return re.findall(r"^subscription_lag_messages\{.*\} (\S+)$", text, re.MULTILINE)


@pytest.mark.parametrize("broker", BROKERS)
def test_a_broker_that_starts_after_the_service_is_used_once_it_is_there(
    parcel_folder: Path, tmp_path: Path, broker: str
) -> None:
    with (
        private_server(broker, HOME) as server,
        prepare_parcels(parcel_folder, broker, tmp_path) as prepared,
        ExitStack() as stack,
    ):
        server.stop()
        variables = {**prepared.variables, "BROKER_URL": server.url, "WORKERS": "1"}
        service = replace(prepared, variables=variables, port=find_port())
        api = service.begin(stack, *API, log="api")
        health_port = find_port()
        watched = replace(service, variables={**variables, "WORKER_HEALTH_PORT": str(health_port)})
        worker = watched.begin(stack, *WORKER, log="worker")
        wait_for(lambda: send(service.port, "GET", "/health/live").status == 200, "the API")
        wait_for(lambda: "worker started" in worker.output, "the worker")
        # The outbox keeps the API's events; a worker can do nothing.
        for port, status in ((service.port, 200), (health_port, 503)):
            ready = send(port, "GET", "/health/ready")
            assert ready.status == status
            assert ready.json["MessageBroker"] != "ok"
        assert not find_lags(health_port)
        early = send_parcel(service)
        server.start()
        wait_until_ready(service)
        wait_until_ready(replace(service, port=health_port))
        service.wait_until_done(early)
        service.wait_until_done(send_parcel(service))
        wait_for(lambda: {*find_lags(health_port)} == {"0.0"}, "nothing that waits")
        assert worker.stop() == 0, worker.output
        assert api.stop() == 0, api.output
