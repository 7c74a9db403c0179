"""What a container's health check finds out."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from app.commands import health


class Process(http.server.BaseHTTPRequestHandler):
    """A process that is alive and not ready."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/live" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port on which the process answers, beside one on which nobody does."""
    with http.server.HTTPServer(("127.0.0.1", 0), Process) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setattr(health, "PORTS", (str(server.server_port),))
        yield server.server_port
        server.shutdown()


@pytest.mark.usefixtures("port")
def test_a_process_that_answers_is_alive() -> None:
    health.main([])


@pytest.mark.usefixtures("port")
def test_a_process_that_refuses_is_not_ready() -> None:
    with pytest.raises(SystemExit, match="health: 503"):
        health.main(["ready"])


def test_a_port_on_which_nobody_listens_does_not_count(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Process, bind_and_activate=False) as closed:
        closed.server_bind()
        monkeypatch.setattr(health, "PORTS", (str(closed.server_port), str(port)))
        health.main([])


def test_a_container_in_which_nobody_listens_is_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Process, bind_and_activate=False) as closed:
        closed.server_bind()
        monkeypatch.setattr(health, "PORTS", (str(closed.server_port),))
        with pytest.raises(SystemExit, match="health: nobody listens"):
            health.main([])


def test_a_port_that_is_no_number_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PORTS", ("abc",))
    with pytest.raises(SystemExit, match=r"^health: a port is a number, unlike in abc$"):
        health.main([])


def test_a_worker_that_is_told_to_listen_nowhere_is_asked_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "PORTS", ("0",))
    health.main([])


@pytest.mark.usefixtures("port")
def test_a_process_that_refuses_is_not_ready_whatever_else_listens_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "PORTS", ("0", *health.PORTS))
    with pytest.raises(SystemExit, match="health: 503"):
        health.main(["ready"])
