"""How large the body of a request may be."""

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import Receive, Scope, Send


class BodyLimit(RequestBodyLimitMiddleware):
    """Let bodies that say they are small pass at once, and the library count the others.

    No server hands on more than a body says that it is.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything else than HTTP passes through."""
        if scope["type"] == "http" and declares_less(scope, self.max_body_size):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def declares_less(scope: Scope, limit: int) -> bool:
    """Tell whether a request says that its body is no larger than this, or that it has none."""
    # HTTP/1 has no other way to send one; later versions need not say how long it is.
    length = b"0" if scope["http_version"].startswith("1") else b""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return False
        if name == b"content-length":
            length = value
    return length.isdigit() and int(length) <= limit
