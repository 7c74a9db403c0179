"""How long a request may take until its answer begins."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.utils.watchdog import Watchdog
from app.web.errors import MakeProblem


class Deadline:
    """End a request that takes too long: its transaction is rolled back, its client told.

    Counted until the answer begins, so that answers which stream take the time they need, and
    WebSockets once they are accepted.
    """

    def __init__(self, app: ASGIApp, seconds: float, problem: MakeProblem) -> None:
        """Wrap the application."""
        self._app = app
        self._watchdog = Watchdog(seconds)
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket; the lifespan passes through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        receiving = is_whole = begun = False
        limit = self._watchdog.limit()

        async def receive_observed() -> Message:
            nonlocal receiving, is_whole
            # Who has sent everything is asked only whether it is still there.
            receiving = not is_whole
            message = await receive()
            is_whole = not message.get("more_body", False)
            receiving = False
            return message

        async def send_in_time(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                self._watchdog.remove(limit)
            await send(message)

        try:
            with limit:
                await self._app(scope, receive_observed, send_in_time)
        except TimeoutError:
            if begun or not limit.is_over:
                raise
            status, what = (408, "sending the request") if receiving else (504, "answering it")
            detail = f"{what} took longer than {self._watchdog.seconds:g} seconds"
            await self._problem(status, detail)(scope, receive, send)
