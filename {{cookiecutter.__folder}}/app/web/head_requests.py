"""HEAD, which every route that answers GET answers too (RFC 9110)."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOT_ALLOWED = 405


class HeadRequests:
    """Answer HEAD as GET is answered, without the body, where no route is there for HEAD itself.

    The document does not mention it: what it says of GET holds.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything else than HEAD passes through."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        can_get = False

        async def send_unless_get_can(message: Message) -> None:
            nonlocal can_get
            if message["type"] == "http.response.start" and message["status"] == NOT_ALLOWED:
                allowed = Headers(raw=message["headers"]).get("allow", "")
                can_get = "GET" in map(str.strip, allowed.split(","))
            if not can_get:
                await send(message)

        await self._app(scope, receive, send_unless_get_can)
        if can_get:
            await self._get(scope, receive, send)

    async def _get(self, scope: Scope, receive: Receive, send: Send) -> None:
        ended = False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.body":
                if ended:
                    return
                # At once: what streams could go on for ever, and learns so that nobody listens.
                ended = True
                message = {"type": "http.response.body"}
            await send(message)

        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, send_head)
        finally:
            # Which route it was: logs and metrics want to know.
            scope.update({name: asked[name] for name in asked if name != "method"})
