"""A small HTTP port on which the worker says how it is, without a web framework."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import NamedTuple

from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.core.exposition import CONTENT_TYPE_LATEST, may_read, write_metrics
from app.core.health import Health

# Probes are short and come now and then; whoever needs more than this is none.
HEAD_BYTES = 8192
CONNECTIONS = 50
HEAD_SECONDS = 5.0
ANSWER_SECONDS = 10.0
# Who is refused may still be sending: an answer that is cut off by an error would be lost.
LINGER_SECONDS = 1.0
REQUEST_LINE = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.[01]")
TOKEN = re.compile(rb"^authorization:[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)


class Answer(NamedTuple):
    """What a client gets."""

    status: HTTPStatus
    media_type: str
    body: bytes
    sends_body: bool = True


class HealthServer:
    """Answer GET and HEAD for /health/live and /ready, /metrics and /info, then end the connection.

    It turns with the loop that does the work: a worker that is stuck does not answer.
    """

    def __init__(self, core: CoreSettings) -> None:
        """Know the token of the metrics; `health` is there when everything is open."""
        self.health: Health | None = None
        self._token = core.process.metrics_token
        self._fixed: dict[bytes, Mapping[str, str | None]] = {
            b"/health/live": {"status": "ok"},
            b"/info": core.service.describe_build(),
        }
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client, for a few seconds at most."""
        if len(self._writers) >= CONNECTIONS:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                answer = await self._read_and_answer(reader)
                async with asyncio.timeout(ANSWER_SECONDS):
                    writer.write(format_answer(answer))
                    await writer.drain()
                    writer.write_eof()
                async with asyncio.timeout(LINGER_SECONDS):
                    while await reader.read(HEAD_BYTES):
                        pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    def close(self) -> None:
        """End what is still connected."""
        for writer in self._writers:
            writer.transport.abort()

    async def _read_and_answer(self, reader: asyncio.StreamReader) -> Answer:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            return refuse(HTTPStatus.REQUEST_TIMEOUT)
        except asyncio.LimitOverrunError:
            return refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        line, _, headers = head.partition(b"\r\n")
        match = REQUEST_LINE.fullmatch(line)
        if match is None:
            return refuse(HTTPStatus.BAD_REQUEST)
        if match[1] not in {b"GET", b"HEAD"}:
            return refuse(HTTPStatus.METHOD_NOT_ALLOWED)
        answer = await self._answer(match[2].partition(b"?")[0], headers.replace(b"\r", b""))
        return answer._replace(sends_body=match[1] == b"GET")

    async def _answer(self, path: bytes, headers: bytes) -> Answer:
        if path in self._fixed:
            return make_json(HTTPStatus.OK, self._fixed[path])
        if path == b"/health/ready":
            if self.health is None:
                return make_json(HTTPStatus.SERVICE_UNAVAILABLE, {"process": "starting"})
            report = await self.health.check()
            status = HTTPStatus.OK if report.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
            return make_json(status, report.answers)
        if path == b"/metrics":
            token = TOKEN.search(headers)
            if not may_read(self._token, token[1] if token else b""):
                return refuse(HTTPStatus.UNAUTHORIZED)
            return Answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, write_metrics())
        return refuse(HTTPStatus.NOT_FOUND)


def make_json(status: HTTPStatus, body: Mapping[str, str | None]) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, "application/json", json.dumps(body).encode())


def refuse(status: HTTPStatus) -> Answer:
    """Return an answer that says no more than its status."""
    return make_json(status, {"detail": status.phrase})


def format_answer(answer: Answer) -> bytes:
    """Return an answer as it is sent."""
    status = answer.status
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"content-type: {answer.media_type}",
        f"content-length: {len(answer.body)}",
        "cache-control: no-store",
        "connection: close",
    ]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append("allow: GET, HEAD")
    if status is HTTPStatus.UNAUTHORIZED:
        lines.append("www-authenticate: Bearer")
    return "\r\n".join([*lines, "", ""]).encode() + (answer.body if answer.sends_body else b"")


@asynccontextmanager
async def open_health_server(core: CoreSettings) -> AsyncIterator[HealthServer]:
    """Serve while the block runs; raises StartupError, one sentence, when the port is not free."""
    health_server, settings = HealthServer(core), core.worker
    if not settings.health_port:
        yield health_server
        return
    place = (settings.health_host, settings.health_port)
    try:
        server = await asyncio.start_server(health_server.serve, *place, limit=HEAD_BYTES)
    except OSError as error:
        raise StartupError(
            f"WORKER_HEALTH_PORT: {place[0]}:{place[1]} cannot be listened on "
            f"({error.strerror or error}): choose another, or 0 for none"
        ) from error
    try:
        yield health_server
    finally:
        server.close()
        health_server.close()
