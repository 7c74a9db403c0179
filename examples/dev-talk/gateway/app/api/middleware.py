"""The middleware of this service's own; it runs inside the template's, first one outermost."""

from http import HTTPStatus

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.exceptions import problem

# RFC 9110, 4.1, recommends to take at least 8000 bytes.
TARGET_BYTES = 8_000
# Names and values together. The services take more than that, because what is added here, such as
# a second time the host, must not make a request too large for them that was not for us.
HEADER_BYTES = 12_000
HEADERS = 80


class RequestLimits:
    """Refuse requests whose target or headers are longer than any client of this API needs."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything else than HTTP passes through."""
        status = check(scope) if scope["type"] == "http" else None
        if status is None:
            await self._app(scope, receive, send)
            return
        refusals = {
            HTTPStatus.REQUEST_URI_TOO_LONG: f"target: is too long (at most {TARGET_BYTES} bytes)",
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
                f"headers: are too large (at most {HEADERS}, with {HEADER_BYTES} bytes)"
            ),
        }
        await problem(status, refusals[status])(scope, receive, send)


def check(scope: Scope) -> HTTPStatus | None:
    """Return with which status a request is refused, if it is."""
    query = len(scope["query_string"])
    if len(scope["raw_path"]) + query + bool(query) > TARGET_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    headers = scope["headers"]
    if len(headers) > HEADERS:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    if sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return None


MIDDLEWARE: list[Middleware] = [Middleware(RequestLimits)]
