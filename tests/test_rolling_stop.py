"""An instance that is stopped loses no request, and always closes what it has opened."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.balancer import Instance, balancing
from tests.clients import send
from tests.combinations import choose
from tests.processes import API, HOST, Process, find_port, running, wait_for
from tests.recipes import make_service
from tests.zones import lay_overlay

pytestmark = pytest.mark.slow

CLOSED = "Application shutdown complete"


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """An API that depends on nothing, with requests that end soon or never."""
    answers = choose(interface="api", broker="none", database="none", cache="none")
    service = make_service(tmp_path / "service", answers)
    lay_overlay("endless", service)
    return service


def wait_until_ready(port: int) -> None:
    """Wait until an instance answers that it is ready."""
    wait_for(lambda: send(port, "GET", "/health/ready").status == 200, "readiness")


def test_a_rolling_stop_fails_no_request(service: Path, tmp_path: Path) -> None:
    ports = [find_port(), find_port()]
    with ExitStack() as stack:

        def start(port: int, log: str) -> Process:
            variables = {"PORT": str(port), "WORKERS": "2", "GRACE_SECONDS": "18"}
            process = running(service, *API, log=tmp_path / log, **variables)
            return stack.enter_context(process)

        processes = [start(port, f"{port} before") for port in ports]
        for port in ports:
            wait_until_ready(port)
        balancer = stack.enter_context(balancing(*ports))

        def wait_for_answers(instance: Instance) -> None:
            before = instance.answered
            wait_for(lambda: instance.answered > before + 100, f"answers of {instance}")

        for process, instance in zip(processes, balancer.instances, strict=True):
            wait_for_answers(instance)
            assert process.stop() == 0
            assert process.output.count(CLOSED) == 2
            start(instance.port, f"{instance.port} after")
            wait_until_ready(instance.port)
            wait_for_answers(instance)
        balancer.leave()
        assert balancer.failures == []


@pytest.mark.parametrize("is_body", [False, True], ids=["an answer", "a body"])
def test_a_request_that_never_ends_does_not_keep_the_end_away(
    service: Path, tmp_path: Path, is_body: bool
) -> None:
    method, path = ("POST", "/test/upload") if is_body else ("GET", "/test/endless")
    process = stop_during(service, tmp_path, f"{method} {path}")
    assert CLOSED in process.output
    assert "SIGKILL" not in process.output


def test_a_thread_that_never_ends_keeps_nothing_open(service: Path, tmp_path: Path) -> None:
    assert CLOSED in stop_during(service, tmp_path, "GET /test/stuck").output


def stop_during(service: Path, folder: Path, request: str) -> Process:
    """Stop an instance while it answers a request; its status must be 0."""
    port = find_port()
    variables = {"PORT": str(port), "GRACE_SECONDS": "3"}
    head = f"{request} HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf"
    with running(service, *API, log=folder / "log", **variables) as process:
        wait_until_ready(port)
        with socket.create_connection((HOST, port)) as client:
            client.sendall(head.encode())
            text = "http_requests_in_flight 2"
            wait_for(lambda: text in send(port, "GET", "/metrics").body.decode(), "the request")
            assert process.stop() == 0
    return process
