"""The last resort: an answer for what nobody answered, and one form for what libraries answered."""

from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.tracing import note_error
from app.utils.logger import Logger
from app.web.errors import MakeProblem

logger = Logger(__name__)

FIRST_ERROR = 400
# They describe a body that is replaced.
OF_THE_BODY = ("content-type", "content-length")


class FailureAnswers:
    """Turn exceptions into a 500, and errors in plain text, such as a library's, into problems."""

    def __init__(self, app: ASGIApp, problem: MakeProblem) -> None:
        """Wrap the application."""
        self._app = app
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything else than HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        plain: Message | None = None

        async def send_problem(message: Message) -> None:
            nonlocal started, plain
            if message["type"] == "http.response.start":
                started = True
                plain = message if is_plain_error(message) else None
            if plain is None:
                await send(message)
            elif message["type"] == "http.response.body":
                await self._replace(plain, message, (scope, receive, send))

        try:
            await self._app(scope, receive, send_problem)
        except Exception as error:
            # Whatever it was, nobody further out answers in the service's way. But half an answer
            # cannot be taken back: the server cuts the connection.
            if started:
                raise
            note_error(error)
            logger.exception("request failed", method=scope["method"], path=scope["path"])
            await self._problem(500, "something went wrong on our side")(scope, receive, send)

    async def _replace(self, start: Message, body: Message, request: tuple[Any, ...]) -> None:
        headers = Headers(raw=start["headers"])
        kept = {name: value for name, value in headers.items() if name not in OF_THE_BODY}
        detail = body.get("body", b"").decode("utf-8", "replace")
        await self._problem(start["status"], detail, headers=kept)(*request)


def is_plain_error(start: Message) -> bool:
    """Tell whether an answer is an error in plain text."""
    if start["status"] < FIRST_ERROR:
        return False
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/plain")
