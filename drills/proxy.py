"""A stretch of the network that can be cut."""

import asyncio
import socket
import struct
import threading
from contextlib import suppress

from tests.processes import HOST

CHUNK = 65536
AT_ONCE = struct.pack("ii", 1, 0)


class Proxy:
    """Pass on what clients send to a server and back, until the connections are cut."""

    def __init__(self, target: int) -> None:
        """Listen on a port of our own for the server's port."""
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._lines: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        starting = asyncio.start_server(self._serve, HOST, 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> int:
        """Drop every connection at once, without a word; return how many there were."""
        return asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    def close(self) -> None:
        """Drop everything and listen no more."""
        self._loop.call_soon_threadsafe(self._server.close)
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cut(self) -> int:
        lines = list(self._lines.items())
        for _, writers in lines:
            for writer in writers:
                # No farewell, and none is waited for.
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                writer.transport.abort()
        await asyncio.gather(*(task for task, _ in lines))
        return len(lines)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("this runs in a task")
        try:
            theirs, ours = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._lines[task] = (writer, ours)
        await asyncio.gather(self._pass_on(reader, ours), self._pass_on(theirs, writer))
        del self._lines[task]

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
        writer.close()
