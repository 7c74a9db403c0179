"""How many requests one process answers at once."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.metrics import HTTP_REFUSALS
from app.core.request_spans import QUIET_PATHS
from app.web.errors import RETRY_SECONDS, MakeProblem

HEADERS = {"retry-after": str(RETRY_SECONDS)}


class ConcurrencyLimit:
    """Refuse what is too much at once: it costs little, and those who are served stay fast.

    Probes are answered all the same: a process that is busy is not dead. Streams have a limit of
    their own, and count here until they begin.
    """

    def __init__(self, app: ASGIApp, most: int, problem: MakeProblem) -> None:
        """Wrap the application."""
        self._app = app
        self._most = most
        self._problem = problem
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request; anything else than HTTP passes through."""
        if scope["type"] != "http" or scope["path"] in QUIET_PATHS:
            await self._app(scope, receive, send)
            return
        if self._running >= self._most:
            HTTP_REFUSALS.inc()
            refusal = self._problem(503, "too many requests at once, try later", headers=HEADERS)
            await refusal(scope, receive, send)
            return
        running = [scope]
        self._running += 1

        def leave() -> None:
            if running:
                running.clear()
                self._running -= 1

        scope["leave_limit"] = leave
        try:
            await self._app(scope, receive, send)
        finally:
            leave()
