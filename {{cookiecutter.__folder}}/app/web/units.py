"""The unit of work of a request, for routes to ask for."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.web.routing import Attempt


async def get_begin(connection: HTTPConnection) -> UnitOfWorkFactory:
    """Return what begins units of work."""
    begin: UnitOfWorkFactory = connection.state.opened[UnitOfWorkFactory]
    return begin


Begin = Annotated[UnitOfWorkFactory, Depends(get_begin)]
"""For a route that begins units of work itself, such as that of a WebSocket."""


async def begin_unit(connection: HTTPConnection, begin: Begin) -> UnitOfWork:
    """Begin a unit of work that is committed before the answer is sent."""
    return await get_attempt(connection).enter_async_context(begin())


def get_attempt(connection: HTTPConnection) -> Attempt:
    """Return the attempt whose end commits; raises RuntimeError where there is none."""
    attempt: Attempt | None = getattr(connection.state, "attempt", None)
    if attempt is None:
        raise RuntimeError(
            f"{connection.url.path}: only routes of app.web.routing.Router commit for a request; "
            "here, as in a WebSocket, ask for Begin and begin a unit of work for each message"
        )
    return attempt


Unit = Annotated[UnitOfWork, Depends(begin_unit)]
"""One transaction for the whole request."""
# {% if cookiecutter.database != "none" %}


async def begin_reading(connection: HTTPConnection, begin: Begin) -> UnitOfWork:
    """Begin a unit of work that cannot write."""
    return await get_attempt(connection).enter_async_context(begin(read_only=True))


ReadUnit = Annotated[UnitOfWork, Depends(begin_reading)]
"""One transaction for the whole request, which the database keeps from writing."""
# {% endif %}
