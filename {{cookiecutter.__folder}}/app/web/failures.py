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
OF_THE_BODY = (b"content-type", b"content-length")
# In bytes; a text that streams and is longer is no detail of a problem.
LONGEST_DETAIL = 65_536


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
        text = b""

        async def send_problem(message: Message) -> None:
            nonlocal started, plain, text
            if message["type"] == "http.response.start":
                plain = message if is_plain_error(message) else None
            if plain is None:
                started = True
                await send(message)
            elif message["type"] == "http.response.body":
                text += message.get("body", b"")
                if not message.get("more_body", False):
                    started = True
                    await self._replace(plain, text, (scope, receive, send))
                elif len(text) > LONGEST_DETAIL:
                    # Too long for a problem, and not ours to cut: it stays what it is.
                    started = True
                    await send(plain)
                    await send({**message, "body": text})
                    plain = None

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

    async def _replace(self, start: Message, text: bytes, request: tuple[Any, ...]) -> None:
        response = self._problem(start["status"], text.decode("utf-8", "replace"))
        # Not as a mapping: some headers, such as Set-Cookie, come several times.
        kept = (header for header in start["headers"] if header[0].lower() not in OF_THE_BODY)
        response.raw_headers.extend(kept)
        await response(*request)


def is_plain_error(start: Message) -> bool:
    """Tell whether an answer is an error in plain text."""
    if start["status"] < FIRST_ERROR:
        return False
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/plain")
