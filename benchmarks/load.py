"""A small HTTP client that keeps a server busy over several connections."""

import asyncio
import re
from typing import cast

from benchmarks.errors import BenchmarkError
from tests.processes import HOST

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
PATIENCE_SECONDS = 60.0


class Connection(asyncio.Protocol):
    """A connection that sends the next request as soon as the last one is answered."""

    def __init__(self, request: bytes, count: int) -> None:
        """Prepare to send a request so many times."""
        self._request = request
        self._left = count
        self._received = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Check the answer when all of it is there, and send the next request."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or (length and len(body) < int(length[1])):
            return
        status = head.partition(b"\r\n")[0].decode(errors="replace")
        if " 200 " not in f"{status} " or not length:
            self._fail(f"answered {status!r} instead of 200")
            return
        self._received = b""
        self._left -= 1
        if self._left > 0:
            self._transport.write(self._request)
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail when answers are missing."""
        self._fail(f"closed a connection ({error or 'end of stream'})")

    def _fail(self, what: str) -> None:
        if not self.done.done():
            self._transport.close()
            self.done.set_exception(BenchmarkError(f"the server on port {self._port} {what}"))

    @property
    def _port(self) -> int:
        port: int = self._transport.get_extra_info("peername", (HOST, 0))[1]
        return port


def make_request(path: str, body: bytes) -> bytes:
    """Return the bytes of a POST of JSON."""
    head = (
        f"POST {path} HTTP/1.1",
        f"Host: {HOST}",
        "Accept: application/json",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join([*head, "", ""]).encode() + body


def send(port: int, request: bytes, *, count: int, connections: int) -> None:
    """Send a request so many times on each connection; raises BenchmarkError for a bad answer."""
    asyncio.run(_send(port, request, count, connections))


async def _send(port: int, request: bytes, count: int, connections: int) -> None:
    loop = asyncio.get_running_loop()
    opened: list[Connection] = []
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(connections):
                _, made = await loop.create_connection(
                    lambda: Connection(request, count), HOST, port
                )
                opened.append(made)
            await asyncio.gather(*(each.done for each in opened))
    except OSError as error:
        raise BenchmarkError(f"the server on port {port}: {error.strerror or error}") from error
