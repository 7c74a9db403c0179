"""A wire to a server on this machine that a test can let fall silent."""

import asyncio
from contextlib import suppress

from sqlalchemy import make_url


class Wire:
    """A port that leads to the server; while it is silent, nothing that is sent arrives."""

    def __init__(self, url: str) -> None:
        self.target = make_url(url)
        self.connections = 0
        self._may_pass = asyncio.Event()
        self._may_pass.set()
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        return self.target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

    def silence(self) -> None:
        self._may_pass.clear()

    def restore(self) -> None:
        self._may_pass.set()

    async def lay(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)

    async def remove(self) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        far = await asyncio.open_connection(self.target.host, self.target.port)
        for source, sink in ((reader, far[1]), (far[0], writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while data := await reader.read(65_536):
                    await self._may_pass.wait()
                    writer.write(data)
                    await writer.drain()
        finally:
            writer.close()
