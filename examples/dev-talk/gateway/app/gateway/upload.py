"""The body of a request on its way to a service."""

from collections.abc import AsyncIterable, AsyncIterator


class Upload:
    """Hand on what a client sends: what goes wrong with it is not the service's fault."""

    def __init__(self, parts: AsyncIterable[bytes]) -> None:
        """Take the parts as they come."""
        self._parts = parts
        self.is_waiting = False
        """Whether the client has yet to send more."""
        self.is_sent = False
        """Whether all of it was handed on."""
        self.error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts."""
        self.is_waiting = True
        try:
            async for part in self._parts:
                self.is_waiting = False
                yield part
                self.is_waiting = True
            self.is_sent = True
        except Exception as error:
            # Whatever it is: aiohttp hides it in an error of its own, and it is not swallowed here.
            self.error = error
            raise
        finally:
            self.is_waiting = False
