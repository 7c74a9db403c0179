"""A way to Redis that a test can cut, mend and block."""

import asyncio
import os
from contextlib import suppress
from urllib.parse import urlsplit

NOWHERE = "redis://127.0.0.1:1"


class Way:
    """A port that leads to the real Redis; while it is blocked, it takes and never answers."""

    def __init__(self) -> None:
        self.target = urlsplit(os.environ.get("TEST_REDIS_URL", NOWHERE))
        self.port = 0
        self.blocked = False
        self.connections = 0
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        user, at, _ = self.target.netloc.rpartition("@")
        return self.target._replace(netloc=f"{user}{at}127.0.0.1:{self.port}").geturl()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self.carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        self._server.close()
        await self.drop()
        await self._server.wait_closed()

    async def drop(self) -> None:
        for end in self._ends:
            end.close()
            with suppress(OSError):
                await end.wait_closed()
        self._ends.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._ends.add(writer)
        if self.blocked:
            await reader.read(-1)
            writer.close()
            return
        far = await asyncio.open_connection(self.target.hostname, self.target.port)
        self._ends.add(far[1])
        await asyncio.gather(self._pump(reader, far[1]), self._pump(far[0], writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()
