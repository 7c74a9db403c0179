"""Spans of services at work: one trace over processes and brokers, no harm without a collector."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.clients import send
from tests.combinations import DEFAULT
from tests.office import name_parcel
from tests.parcel_service import BROKERS, ParcelService, prepare_parcels, wait_until_ready
from tests.processes import API, HOST, WORKER, Process, ask, find_port, running, wait_for
from tests.recipes import make_service

pytestmark = pytest.mark.slow

COLLECTOR = Path(__file__).parent / "peers" / "collector.py"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"

Span = dict[str, Any]


@dataclass(frozen=True)
class Traced:
    """A service at work, and the collector of its spans."""

    service: ParcelService
    collector: Process

    def list_spans(self) -> list[Span]:
        """Return the spans of the test's trace so far."""
        spans = [json.loads(line) for line in self.collector.output.splitlines()]
        return [span for span in spans if span["trace"] == TRACE]

    def find(self, name: str, count: int = 1) -> list[Span]:
        """Return the spans with a name, as soon as there are so many."""

        def look() -> list[Span] | None:
            found = [span for span in self.list_spans() if span["name"] == name]
            return found if len(found) >= count else None

        found: list[Span] = wait_for(look, f"{count} x {name}")
        assert len(found) == count
        return found


@pytest.fixture(params=BROKERS)
def traced(request: pytest.FixtureRequest, parcel_folder: Path, tmp_path: Path) -> Iterator[Traced]:
    """The service, an API and a worker, whose spans go to a collector."""
    port = find_port()
    command = (str(COLLECTOR), str(port))
    with (
        prepare_parcels(parcel_folder, request.param, tmp_path) as prepared,
        running(parcel_folder, *command, log=tmp_path / "spans") as collector,
        ExitStack() as stack,
    ):
        variables = {**prepared.variables, ENDPOINT: f"http://{HOST}:{port}"}
        service = replace(prepared, port=find_port(), variables=variables)
        api = service.begin(stack, *API, log="api", OTEL_BSP_SCHEDULE_DELAY="200")
        worker = service.begin(stack, *WORKER, log="worker", OTEL_BSP_SCHEDULE_DELAY="200")
        wait_until_ready(service)
        wait_for(lambda: "worker started" in worker.output, "the worker")
        yield Traced(service, collector)
        assert (worker.stop(), api.stop()) == (0, 0)
        assert "spans" not in f"{worker.output}{api.output}"


@pytest.mark.servers
def test_a_request_and_all_that_it_causes_is_one_trace(traced: Traced) -> None:
    parcel, topics = name_parcel(), traced.service.topics
    port = traced.service.port
    body = {"parcel": parcel}
    assert send(port, "POST", "/v1/parcels", body, traceparent=TRACEPARENT).status == 201
    traced.service.wait_until_done(parcel)
    [posted] = traced.find("POST /v1/parcels")
    [sent] = traced.find(f"send {topics}.parcel.sent")
    handled = traced.find(f"process {topics}.parcel.sent", 2)
    [received] = traced.find(f"send {topics}.parcel.received")
    assert [posted["parent"], sent["parent"]] == [CALLER, posted["id"]]
    assert [span["parent"] for span in handled] == [sent["id"]] * 2
    assert received["parent"] in {span["id"] for span in handled}
    assert sent["attributes"]["messaging.system"] == traced.service.broker
    inserts = traced.find("INSERT outbox", 2)
    assert {span["parent"] for span in inserts} == {posted["id"], received["parent"]}
    services = {span["service"] for span in traced.list_spans()}
    assert services == {traced.service.variables["SERVICE_NAME"]}


@pytest.mark.servers
def test_a_question_and_its_answer_are_one_trace(traced: Traced) -> None:
    topics, port = traced.service.topics, traced.service.port

    def weigh() -> bool:
        answer = send(port, "GET", "/v1/weights/heavy").json
        return bool(answer["grams"])

    wait_for(weigh, "somebody who answers")
    assert send(port, "GET", "/v1/weights/heavy", traceparent=TRACEPARENT).json["grams"] == 5
    [got] = traced.find("GET /v1/weights/{parcel}")
    topic = f"{topics}.parcel.weigh"
    [asked], [answered] = traced.find(f"request {topic}"), traced.find(f"process {topic}")
    assert [asked["parent"], answered["parent"]] == [got["id"], asked["id"]]


@pytest.fixture(params=["absent", "hanging"])
def useless(request: pytest.FixtureRequest) -> Iterator[str]:
    """The place of a collector that takes nothing."""
    if request.param == "absent":
        yield f"http://{HOST}:1"
        return
    with socket.create_server((HOST, 0)) as listener:
        yield f"http://{HOST}:{listener.getsockname()[1]}"


def test_a_collector_that_takes_nothing_is_one_line(tmp_path: Path, useless: str) -> None:
    service, port = make_service(tmp_path / "service", DEFAULT), find_port()
    variables = {"PORT": str(port), ENDPOINT: useless, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    variables["OTEL_EXPORTER_OTLP_TIMEOUT"] = "0.2"
    with running(service, *API, log=tmp_path / "log", **variables) as process:
        wait_for(lambda: ask(port, "/health/ready"), "readiness")
        for number in range(100):
            assert ask(port, "/v1/items", {"name": f"lamp {number}"})["name"] == f"lamp {number}"
        wait_for(lambda: "spans are lost" in process.output, "the line")
        assert process.stop() == 0
        assert process.output.count("spans are lost") == 1
        assert process.output.count("spans were lost") == 1
        assert "opentelemetry" not in process.output
        assert "Traceback" not in process.output
