"""A router whose routes are answered all or nothing, and again where that helps."""

# {% if cookiecutter.database != "none" %}
import asyncio
import random
# {% endif %}
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
# {% if cookiecutter.database != "none" %}

from app.core.errors import TransactionConflictError

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.02
# {% endif %}


class AnsweredError(Exception):
    """The answer is known before the route's function runs."""

    def __init__(self, response: Response) -> None:
        """Answer with this."""
        super().__init__()
        self.response = response


class Attempt(AsyncExitStack):
    """One attempt to answer a request; closes what was opened for it before the answer is sent."""

    response: Response | None = None
    """The answer, once the route's function has returned."""


class Route(APIRoute):
    """A route that closes its attempt, which commits, before its answer is sent."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                async with Attempt() as attempt:
                    request.state.attempt = attempt
                    attempt.response = await handle(request)
            except AnsweredError as answered:
                return answered.response
            return attempt.response

        # {% if cookiecutter.database != "none" %}
        async def answer_in_spite_of_others(request: Request) -> Response:
            for number in range(1, ATTEMPTS):
                try:
                    return await answer(request)
                except TransactionConflictError:
                    if not can_repeat(request):
                        raise
                    # Random, and growing: those that met must not meet again.
                    longest = FIRST_PAUSE_SECONDS * 2**number
                    await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
            return await answer(request)

        return answer_in_spite_of_others
        # {% endif %}
        # {% if cookiecutter.database == "none" %}
        return answer
        # {% endif %}


# {% if cookiecutter.database != "none" %}
def can_repeat(request: Request) -> bool:
    """Tell whether the body can be read again: not if it was a form's, or streamed."""
    return hasattr(request, "_body") or not request._stream_consumed


# {% endif %}
class Router(APIRouter):
    """A router of such routes: what they ask for as `Unit` is committed before the answer."""

    def __init__(self, **options: Any) -> None:
        """Take what FastAPI's own router takes."""
        super().__init__(**{"route_class": Route, **options})
