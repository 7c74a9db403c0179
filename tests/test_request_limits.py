"""Requests that are too large or never end, at services that run as processes."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.clients import send
from tests.combinations import choose
from tests.processes import API, DEVELOPMENT_API, HOST, find_port, running, wait_for
from tests.recipes import make_service

pytestmark = pytest.mark.slow

MEGABYTE = b"v" * 1_000_000
PATIENCE_SECONDS = 60
HEAD = b"GET /health/live HTTP/1.1\r\nhost: test\r\n"
BODY = b"POST /v1/items HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"


@pytest.fixture(scope="module", params=[API, DEVELOPMENT_API], ids=["gunicorn", "uvicorn"])
def port(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[int]:
    """Where an API is served, under gunicorn and by uvicorn alone."""
    folder = tmp_path_factory.mktemp("limits")
    service = make_service(folder / "service", choose(interface="api", broker="none", cache="none"))
    port = find_port()
    variables = {"PORT": str(port), "WORKERS": "1", "REQUEST_SECONDS": "1"}
    with running(service, *request.param, log=folder / "log", **variables):
        wait_for(lambda: send(port, "GET", "/health/ready").status == 200, "readiness")
        yield port


def talk(port: int, *parts: bytes, pause: float = 0) -> tuple[bytes, int]:
    """Send parts until the server answers; return the answer, and how much it took."""
    answer, sent = b"", 0
    with socket.create_connection((HOST, port), PATIENCE_SECONDS) as client, suppress(OSError):
        for part in parts:
            with suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(part)
                sent += len(part)
            client.settimeout(pause or 0.001)
            with suppress(TimeoutError):
                if answer := client.recv(65_536):
                    break
            client.settimeout(PATIENCE_SECONDS)
        client.settimeout(PATIENCE_SECONDS)
        while data := client.recv(65_536):
            answer += data
    return answer, sent


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((HEAD + b"x: ", *[MEGABYTE] * 100), 431),
        ((HEAD, *[b"x: %s\r\n" % MEGABYTE[:10_000]] * 10_000), 431),
        ((HEAD, *[b"x: v\r\n" * 200] * 100), 431),
        ((b"GET /", *[MEGABYTE] * 100), 414),
    ],
    ids=["one field", "large fields", "many fields", "target"],
)
def test_a_head_without_an_end_is_refused_and_not_read(
    port: int, parts: tuple[bytes, ...], status: int
) -> None:
    answer, sent = talk(port, *parts)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in answer
    assert sent < 50_000_000
    assert send(port, "GET", "/health/live").status == 200


def test_a_head_that_comes_in_drops_is_ended(port: int) -> None:
    started = time.monotonic()
    answer, _ = talk(port, HEAD, *[b"x: v\r\n"] * 90, pause=0.5)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < PATIENCE_SECONDS


@pytest.mark.parametrize(
    "head",
    [b"content-length: 1000\r\n\r\n{", b"transfer-encoding: chunked\r\n\r\nfff\r\n{"],
    ids=["length", "chunks"],
)
def test_a_body_that_comes_in_drops_is_ended_with_its_connection(port: int, head: bytes) -> None:
    answer, _ = talk(port, BODY + head, *[b"1"] * 200, pause=0.25)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.count(b"HTTP/1.1") == 1
