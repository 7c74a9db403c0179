"""The middleware of the note service."""

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Signature:
    """Sign every answer."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add a header to the answer."""

        async def send_signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-signature"] = "notes"
            await send(message)

        await self._app(scope, receive, send_signed)


MIDDLEWARE: list[Middleware] = [Middleware(Signature)]
