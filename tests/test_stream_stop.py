"""A stop ends streams that never ask about it, long before the grace period is over."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.combinations import choose
from tests.processes import API, DEVELOPMENT_API, HOST, find_port, running
from tests.recipes import make_service
from tests.test_rolling_stop import CLOSED, wait_until_ready
from tests.zones import lay_overlay

pytestmark = pytest.mark.slow

# Process.stop waits as long: what takes all of the grace period does not end in time.
GRACE_SECONDS = 60
SERVICE_RESTART, TOO_BIG = 1012, 1009
REQUEST = b"GET /test/events HTTP/1.1\r\nhost: test\r\n\r\n"
SOCKETS = ("/test/echo", "/test/ticks", "/test/deaf")
COMMANDS = {"gunicorn": API, "uvicorn": DEVELOPMENT_API}


@dataclass(frozen=True)
class Stopped:
    """What clients saw of a server that was stopped, and what that said."""

    events: bytes
    codes: dict[str, int | None]
    status: int
    output: str


def read_rest(client: socket.socket) -> bytes:
    """Return what still comes."""
    client.settimeout(GRACE_SECONDS / 2)
    return b"".join(iter(lambda: client.recv(65536), b""))


def read_code(client: ClientConnection) -> int | None:
    """Return the code with which a server closes a WebSocket."""
    try:
        while True:
            client.recv(timeout=GRACE_SECONDS / 2)
    except ConnectionClosed as closing:
        return closing.rcvd.code if closing.rcvd else None


@pytest.fixture(scope="module", params=COMMANDS)
def stopped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    """Stop a server that has streams of every kind open, and one message that is too large."""
    folder = tmp_path_factory.mktemp("streams")
    answers = choose(interface="api", broker="none", database="none", cache="none")
    service = make_service(folder / "service", answers)
    lay_overlay("endless", service)
    port = find_port()
    variables = {"PORT": str(port), "GRACE_SECONDS": str(GRACE_SECONDS)}
    log = folder / "log"
    with (
        running(service, *COMMANDS[request.param], log=log, **variables) as process,
        ExitStack() as stack,
    ):
        wait_until_ready(port)

        def open_socket(path: str) -> ClientConnection:
            return stack.enter_context(connect(f"ws://{HOST}:{port}{path}"))

        large = open_socket("/test/echo")
        large.send("x" * 1_048_577)
        codes = {"too large": read_code(large)}
        events = stack.enter_context(socket.create_connection((HOST, port)))
        events.sendall(REQUEST)
        begun = events.recv(65536)
        sockets = {path: open_socket(path) for path in SOCKETS}
        process.terminate()
        answer = begun + read_rest(events)
        codes |= {path: read_code(client) for path, client in sockets.items()}
        status = process.wait()
    return Stopped(events=answer, codes=codes, status=status, output=process.output)


def test_events_end_as_if_their_generator_had(stopped: Stopped) -> None:
    assert stopped.events.startswith(b"HTTP/1.1 200 ")
    # Cut in the middle, an answer has no last chunk.
    assert stopped.events.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("path", SOCKETS)
def test_a_websocket_is_closed(stopped: Stopped, path: str) -> None:
    assert stopped.codes[path] == SERVICE_RESTART


def test_a_message_larger_than_a_body_may_be_is_refused(stopped: Stopped) -> None:
    assert stopped.codes["too large"] == TOO_BIG


def test_the_stop_is_a_clean_one(stopped: Stopped) -> None:
    assert stopped.status == 0
    assert CLOSED in stopped.output
    assert "Traceback" not in stopped.output
