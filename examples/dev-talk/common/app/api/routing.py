"""A router whose routes ask for the token before they read the body: 401 comes before 422."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant

from app.api.viewer import find_viewer, require_viewer
from app.web import routing


class Route(routing.Route):
    """A route of the template's kind that knows first who looks."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()
        asked = list_calls(self.dependant)
        if find_viewer not in asked:
            return handle

        async def answer(request: Request) -> Response:
            viewer = await find_viewer(request)
            if require_viewer in asked:
                await require_viewer(viewer)
            return await handle(request)

        return answer


def list_calls(dependant: Dependant) -> set[object]:
    """Return everything that a route depends on."""
    found: set[object] = {dependant.call}
    return found.union(*map(list_calls, dependant.dependencies))


class Router(routing.Router):
    """A router of such routes."""

    def __init__(self, **options: Any) -> None:
        """Take what FastAPI's own router takes."""
        super().__init__(**{"route_class": Route, **options})
