"""Reading from RabbitMQ so that no content of a message ends the connection.

The client decodes the properties of a message where it reads from the socket: a timestamp or a text
that it cannot decode ends the connection, with all subscriptions on it, at each redelivery.
"""

import asyncio
from typing import Any

from aio_pika import RobustConnection
from aiormq.connection import TransportFactory
from pamqp import constants
from yarl import URL

from app.services.rabbitmq.tolerant_frames import repair_content_header, repair_method
from app.utils.logger import Logger

logger = Logger(__name__)

REPAIRS = {
    constants.FRAME_HEADER: repair_content_header,
    constants.FRAME_METHOD: repair_method,
}
PROTOCOL = b"AMQP"


class TolerantConnection(RobustConnection):
    """A connection that reads what the client cannot decode in a form that it can."""

    def __init__(self, url: URL, transports: TransportFactory, **options: Any) -> None:
        """Prepare a connection whose sockets `transports` opens; `connect` connects."""
        super().__init__(url, **options)
        # The client hands this on to whatever opens its sockets.
        self.kwargs["transport_factory"] = TolerantTransport(transports)


class TolerantTransport(TransportFactory):
    """Open sockets whose frames the client can decode."""

    def __init__(self, transports: TransportFactory) -> None:
        """Open them as another factory does."""
        self._transports = transports

    async def create(
        self, url: URL, **options: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect."""
        reader, writer = await self._transports.create(url, **options)
        return TolerantReader(reader), writer


class TolerantReader(asyncio.StreamReader):
    """Read whole frames, and hand on the bytes of those that the client can decode.

    The client asks for exact numbers of bytes, and whether the stream is at its end.
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        """Read from another reader, which the socket fills."""
        super().__init__()
        self._source = reader
        self._frame = b""

    def at_eof(self) -> bool:
        """Tell whether nothing more comes."""
        return not self._frame and self._source.at_eof()

    async def read(self, n: int = -1) -> bytes:
        """Return what there is, as it is."""
        return await self._source.read(n)

    async def readexactly(self, n: int) -> bytes:
        """Return the next bytes of the frame; at its end, read the next one."""
        if not self._frame:
            self._frame = await self._read_frame()
        taken, self._frame = self._frame[:n], self._frame[n:]
        return taken

    async def _read_frame(self) -> bytes:
        head = await self._source.readexactly(constants.FRAME_HEADER_SIZE)
        if head.startswith(PROTOCOL):
            return head  # of a server that speaks another version
        payload = await self._source.readexactly(int.from_bytes(head[3:]) + 1)
        repair = REPAIRS.get(head[0])
        if repair is None:
            return head + payload
        content = payload[:-1]
        try:
            repaired = repair(content)
        except Exception as error:  # noqa: BLE001 - it is the client's, as it came
            logger.error("frame not understood", error=repr(error))
            return head + payload
        if repaired is content:
            return head + payload
        return head[:3] + len(repaired).to_bytes(4) + repaired + payload[-1:]
