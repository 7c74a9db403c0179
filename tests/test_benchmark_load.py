"""The client of the benchmarks notices every answer that is not what it should be."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.load import make_request, send
from tests.processes import HOST, find_port

REQUEST = make_request("/api/echo", b"{}")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
FAILURE = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """Answer each request on one connection with the next of these bytes, then hang up."""
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                for answer in answers:
                    connection.recv(65536)
                    for half in (answer[:20], answer[20:]):
                        connection.sendall(half)

        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_the_client_sends_as_many_requests_as_it_is_told() -> None:
    with answering(*[OK] * 3) as port:
        send(port, REQUEST, count=3, connections=1)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([OK, FAILURE], "answered 'HTTP/1.1 500 Internal Server Error' instead of 200"),
        ([OK], "closed a connection"),
        ([OK, OK[:-1]], "closed a connection"),
        ([b"SSH-2.0-server\r\n\r\n"], "answered 'SSH-2.0-server' instead of 200"),
    ],
    ids=["an error", "hangs up", "half an answer", "no HTTP"],
)
def test_the_client_notices_a_bad_answer(answers: list[bytes], message: str) -> None:
    with (
        answering(*answers) as port,
        pytest.raises(BenchmarkError, match=f"^the server on port {port} {message}"),
    ):
        send(port, REQUEST, count=2, connections=1)


def test_the_client_says_when_nothing_listens() -> None:
    with pytest.raises(BenchmarkError, match=r"^the server on port \d+: "):
        send(find_port(), REQUEST, count=1, connections=1)
