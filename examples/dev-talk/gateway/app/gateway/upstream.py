"""One service behind the gateway: where it is, and whether it answers."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientResponse, ClientSession
from multidict import CIMultiDict
from starlette.exceptions import HTTPException
from yarl import URL

from app.core.errors import UnavailableError
from app.core.tracing import current_trace, trace_call
from app.gateway.circuit import Circuit
from app.utils.logger import Logger
from app.utils.requests import ReplyTimeoutError

logger = Logger(__name__)


class Upload:
    """The body of a request on its way to a service: what goes wrong with it is not its fault."""

    def __init__(self, parts: AsyncIterable[bytes]) -> None:
        """Take the parts as they come."""
        self._parts = parts
        self.is_waiting = False
        """Whether the client has yet to send more."""
        self.error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts."""
        self.is_waiting = True
        try:
            async for part in self._parts:
                self.is_waiting = False
                yield part
                self.is_waiting = True
        except Exception as error:
            # Whatever it is: aiohttp hides it in an error of its own, and it is not swallowed here.
            self.error = error
            raise
        finally:
            self.is_waiting = False


class Upstream:
    """Hand requests on to a service."""

    def __init__(
        self, name: str, url: str, session: ClientSession, circuit: Circuit, *, seconds: float
    ) -> None:
        """Give it so many seconds until an answer begins."""
        self.name = name
        self.url = url.rstrip("/")
        self._host = URL(url).host or ""
        self._session = session
        self.circuit = circuit
        self.seconds = seconds

    @asynccontextmanager
    async def send(
        self,
        method: str,
        target: str,
        headers: CIMultiDict[str],
        body: AsyncIterable[bytes] | None = None,
    ) -> AsyncIterator[ClientResponse]:
        """Yield the answer as soon as it has begun.

        Raises UnavailableError when the service is left alone or cannot be reached,
        ReplyTimeoutError when it takes too long, and whatever the body raises.
        """
        self.circuit.check()
        upload = None if body is None else Upload(body)
        answer = None
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._ask(method, target, headers, upload)
            self.circuit.succeed()
            yield answer
        except (ClientError, OSError) as error:
            # TimeoutError is an OSError too.
            raise self._explain(error, upload) from error
        finally:
            if answer is not None:
                answer.release()

    async def _ask(
        self, method: str, target: str, headers: CIMultiDict[str], upload: Upload | None
    ) -> ClientResponse:
        attributes = {"http.request.method": method, "server.address": self._host}
        with trace_call(method, attributes):
            if trace := current_trace():
                headers["traceparent"] = trace.traceparent
            return await self._session.request(
                method,
                URL(self.url + target, encoded=True),
                headers=headers,
                data=upload,
                allow_redirects=False,
            )

    def _explain(self, error: Exception, upload: Upload | None) -> Exception:
        """Return what the client is told, and note whose fault it is."""
        if upload and upload.error:
            return upload.error
        is_late = isinstance(error, TimeoutError)
        if is_late and upload and upload.is_waiting:
            return HTTPException(408, "sending the request took too long")
        self.circuit.fail()
        reason = str(error) or f"no answer in {self.seconds:g} s"
        logger.warning("service does not answer", name=self.name, error=reason)
        if is_late:
            return ReplyTimeoutError(f"{self.name}: took too long to answer")
        return UnavailableError(f"{self.name}: does not answer, try again later")
