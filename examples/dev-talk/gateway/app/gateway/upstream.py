"""One service behind the gateway: where it is, and whether it answers.

Each kind of failure counts where it belongs, so that no client can have others refused:

- against the service: its connections are refused, reset or silent;
- against one route of it: an answer that is late, or pauses for too long;
- against nobody: an answer that is no HTTP, an upload that its client does not end.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ConnectionTimeoutError,
)
from multidict import CIMultiDict
from starlette.exceptions import HTTPException
from yarl import URL

from app.core.errors import UnavailableError
from app.core.tracing import current_trace, trace_call
from app.gateway.circuit import Circuit
from app.gateway.upload import Upload
from app.utils.logger import Logger
from app.utils.requests import RemoteError, ReplyTimeoutError

logger = Logger(__name__)

# How many requests one service answers for this process at a time. The others have connections of
# their own: answers that hang here leave theirs alone.
CONNECTIONS = 100
# How long a request waits for one of them.
WAIT_SECONDS = 1.0
FIRST_STATUS, LAST_STATUS = 200, 599


class UnusableAnswerError(RemoteError):
    """A service has answered in a way that nobody can hand on."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a service has, and what becomes of one that does not answer."""

    answer_seconds: float
    idle_seconds: float
    circuit_failures: int
    circuit_seconds: float


class Upstream:
    """Hand requests on to a service."""

    def __init__(self, name: str, url: str, session: ClientSession, patience: Patience) -> None:
        """Be so patient; the session is this service's alone."""
        self.name = name
        self.url = url.rstrip("/")
        self.session = session
        self.seconds = patience.answer_seconds
        self.idle_seconds = patience.idle_seconds
        self._host = URL(url).host or ""
        self._patience = patience
        self.circuit = self._make_circuit(name, "does not answer")
        self._routes: dict[str, Circuit] = {}
        self.free = asyncio.Semaphore(CONNECTIONS)

    def find_circuit(self, route: str) -> Circuit:
        """Return the circuit breaker of one route, such as `GET /articles/{slug}`."""
        if route not in self._routes:
            refusal = "takes too long to answer this now"
            self._routes[route] = self._make_circuit(f"{self.name} {route}", refusal)
        return self._routes[route]

    @asynccontextmanager
    async def send(
        self,
        method: str,
        target: str,
        headers: CIMultiDict[str],
        body: AsyncIterable[bytes] | None = None,
        *,
        route: str,
    ) -> AsyncIterator[ClientResponse]:
        """Yield the answer as soon as it has begun.

        Raises UnavailableError when the service is left alone, busy or cannot be reached,
        ReplyTimeoutError when it takes too long, UnusableAnswerError when its answer is none, and
        whatever the body raises. The route has one of a few names: it is no path of a client.
        """
        slow = self.find_circuit(f"{method} {route}")
        self.circuit.check()
        slow.check()
        upload = None if body is None else Upload(body)
        answer = None
        async with self._hold():
            try:
                async with asyncio.timeout(self.seconds):
                    answer = await self._ask(method, target, headers, upload)
                check_status(answer.status)
                yield answer
                self.circuit.succeed()
                slow.succeed()
            except UnusableAnswerError as error:
                self.circuit.succeed()
                logger.warning("service answers nonsense", name=self.name, error=str(error))
                raise UnusableAnswerError(f"{self.name}: {error}") from error
            except (ClientError, OSError) as error:
                # TimeoutError is an OSError too.
                raise self._explain(error, upload, slow) from error
            finally:
                if answer is not None:
                    answer.release()

    async def read_parts(self, answer: ClientResponse) -> AsyncGenerator[bytes]:
        """Yield the parts of an answer as they come; raises TimeoutError when it pauses."""
        while True:
            async with asyncio.timeout(self.idle_seconds):
                part = await answer.content.readany()
            if not part:
                return
            yield part

    @asynccontextmanager
    async def _hold(self) -> AsyncIterator[None]:
        """Take one of the connections; raises UnavailableError when none becomes free."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self.free.acquire()
        except TimeoutError as error:
            raise UnavailableError(f"{self.name}: is busy, try again later") from error
        try:
            yield
        finally:
            self.free.release()

    async def _ask(
        self, method: str, target: str, headers: CIMultiDict[str], upload: Upload | None
    ) -> ClientResponse:
        attributes = {"http.request.method": method, "server.address": self._host}
        with trace_call(method, attributes):
            if trace := current_trace():
                headers["traceparent"] = trace.traceparent
            return await self.session.request(
                method,
                URL(self.url + target, encoded=True),
                headers=headers,
                data=upload,
                allow_redirects=False,
            )

    def _explain(self, error: Exception, upload: Upload | None, slow: Circuit) -> Exception:
        """Return what the client is told, and note whose fault it is."""
        if upload and upload.error:
            return upload.error
        reason = str(error) or f"no answer in {self.seconds:g} s"
        if isinstance(error, TimeoutError) and not isinstance(error, ConnectionTimeoutError):
            if upload and upload.is_waiting:
                return HTTPException(408, "sending the request took too long")
            slow.fail()
            logger.warning("service is slow", name=self.name, error=reason)
            return ReplyTimeoutError(f"{self.name}: took too long to answer")
        if not is_cut(error):
            self.circuit.succeed()
            logger.warning("service answers nonsense", name=self.name, error=reason)
            return UnusableAnswerError(f"{self.name}: its answer cannot be used")
        if upload is None or upload.is_sent:
            # A service may hang up on a body that it does not want: that is the client's choice.
            self.circuit.fail()
        logger.warning("service does not answer", name=self.name, error=reason)
        return UnavailableError(f"{self.name}: does not answer, try again later")

    def _make_circuit(self, name: str, refusal: str) -> Circuit:
        most, seconds = self._patience.circuit_failures, self._patience.circuit_seconds
        return Circuit(name, failures=most, seconds=seconds, refusal=refusal)


def check_status(status: int) -> None:
    """Raise UnusableAnswerError for a status that no answer can end with."""
    if not FIRST_STATUS <= status <= LAST_STATUS:
        raise UnusableAnswerError(f"its answer cannot be used, it has the status {status}")


def is_cut(error: Exception) -> bool:
    """Tell whether a connection was refused, reset or silent, or an answer broke off."""
    return isinstance(error, ClientConnectionError | ClientPayloadError | OSError)
