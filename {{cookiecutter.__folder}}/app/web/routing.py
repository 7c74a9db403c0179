"""A router whose routes are answered all or nothing, and again where that helps."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
# {% if cookiecutter.database != "none" %}
from functools import partial
# {% endif %}
from typing import Any

# {% if cookiecutter.database != "none" or cookiecutter.cache == "redis" %}
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.types import Message
# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.cache == "none" %}
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
# {% endif %}
# {% if cookiecutter.database != "none" %}

from app.core.attempts import repeat_on_conflict
from app.web.path_parameters import describe_route, list_dependants
# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.cache == "redis" %}

from app.web.path_parameters import describe_route, list_dependants
# {% endif %}
# {% if cookiecutter.database != "none" or cookiecutter.cache == "redis" %}

DeclaredRoute = APIRoute | RouteContext
"""A route by itself, or as a router or an application includes it."""


class RouteError(TypeError):
    """A route asks for what it cannot have; the message says what to write instead."""


class RouteDependency:
    """A dependency that checks the routes that ask for it, and prepares their requests."""

    def check_route(self, route: DeclaredRoute) -> None:
        """Raise RouteError if the route cannot have it."""

    async def prepare(self, request: Request) -> None:
        """Do what has to be done before the request is parsed."""
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
    # {% if cookiecutter.database != "none" or cookiecutter.cache == "redis" %}
    keeps_answer = False
    """Whether the answer has to be one that can be stored."""
    # {% endif %}


class Route(APIRoute):
    """A route that closes its attempt, which commits, before its answer is sent."""
    # {% if cookiecutter.database != "none" or cookiecutter.cache == "redis" %}

    def __init__(self, *values: Any, **options: Any) -> None:
        """Take what FastAPI's own route takes; raises RouteError for what it cannot have."""
        self._dependencies: dict[RouteDependency, None] = {}
        super().__init__(*values, **options)
        self.adopt(self)

    def adopt(self, declared: DeclaredRoute) -> None:
        """Check what the route asks for, also by the routers that include it."""
        for each in list_route_dependencies(declared):
            each.check_route(declared)
            self._dependencies[each] = None
    # {% endif %}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()
        # {% if cookiecutter.database != "none" or cookiecutter.cache == "redis" %}

        async def answer(request: Request) -> Response:
            try:
                async with Attempt() as attempt:
                    request.state.attempt = attempt
                    response = await handle(renew(request))
                    if attempt.keeps_answer and not hasattr(response, "body"):
                        # Before anything is committed.
                        raise RouteError(refuse_stream(self))
                    attempt.response = response
            except AnsweredError as answered:
                return answered.response
            return attempt.response
        # {% endif %}
        # {% if cookiecutter.database == "none" and cookiecutter.cache == "none" %}

        async def answer(request: Request) -> Response:
            try:
                async with Attempt() as attempt:
                    request.state.attempt = attempt
                    attempt.response = await handle(request)
            except AnsweredError as answered:
                return answered.response
            return attempt.response

        return answer
        # {% endif %}
        # {% if cookiecutter.database != "none" %}

        async def answer_in_spite_of_others(request: Request) -> Response:
            for each in self._dependencies:
                await each.prepare(request)
            return await repeat_on_conflict(
                partial(answer, request), can_repeat=partial(can_repeat, request)
            )

        return answer_in_spite_of_others
        # {% endif %}
        # {% if cookiecutter.database == "none" and cookiecutter.cache == "redis" %}

        async def prepare_and_answer(request: Request) -> Response:
            for each in self._dependencies:
                await each.prepare(request)
            return await answer(request)

        return prepare_and_answer
        # {% endif %}


# {% if cookiecutter.database != "none" %}
def can_repeat(request: Request) -> bool:
    """Tell whether the body can be read again: not if it was a form's, or streamed."""
    return hasattr(request, "_body") or not request._stream_consumed


# {% endif %}
# {% if cookiecutter.database != "none" or cookiecutter.cache == "redis" %}
def renew(request: Request) -> Request:
    """Return the request as it was before its body was read, if that was kept as `state.body`."""
    body: bytes | None = getattr(request.state, "body", None)
    if body is None:
        return request
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await request.receive()

    return Request(request.scope, receive)


def list_route_dependencies(declared: DeclaredRoute) -> list[RouteDependency]:
    """Return what a route asks for that has a say in it, directly or by a dependency."""
    calls = (each.call for each in list_dependants(declared.dependant))
    return [call for call in calls if isinstance(call, RouteDependency)]


def refuse_stream(route: DeclaredRoute) -> str:
    """Return why a streamed answer is refused where the answer is kept."""
    return (
        f"{describe_route(route)}: Idempotent keeps the answer, and one that streams or is a file "
        "cannot be kept: return the whole answer, or its address, and stream it from a GET route"
    )


def check_routes(app: FastAPI) -> None:
    """Check all routes as the application includes them; raises RouteError."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, Route):
            route.adopt(context)
        elif isinstance(route, APIRoute) and list_route_dependencies(context):
            raise RouteError(
                f"{describe_route(context)}: only routes of app.web.routing.Router can be "
                "idempotent: make its router with Router instead of APIRouter"
            )


# {% endif %}
class Router(APIRouter):
    """A router of such routes: what they ask for as `Unit` is committed before the answer."""

    def __init__(self, **options: Any) -> None:
        """Take what FastAPI's own router takes."""
        super().__init__(**{"route_class": Route, **options})
