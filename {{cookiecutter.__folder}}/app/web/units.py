"""The unit of work of a request, for routes to ask for."""

from typing import Annotated

from fastapi import Depends, Request

from app.unit_of_work import UnitOfWork, UnitOfWorkFactory


async def get_begin(request: Request) -> UnitOfWorkFactory:
    """Return what begins units of work."""
    begin: UnitOfWorkFactory = request.state.opened[UnitOfWorkFactory]
    return begin


Begin = Annotated[UnitOfWorkFactory, Depends(get_begin)]
"""For a route that begins units of work itself."""


async def begin_unit(request: Request, begin: Begin) -> UnitOfWork:
    """Begin a unit of work that is committed before the answer is sent."""
    unit: UnitOfWork = await request.state.attempt.enter_async_context(begin())
    return unit


Unit = Annotated[UnitOfWork, Depends(begin_unit)]
"""One transaction for the whole request."""
# {% if cookiecutter.database != "none" %}


async def begin_reading(request: Request, begin: Begin) -> UnitOfWork:
    """Begin a unit of work that cannot write."""
    unit: UnitOfWork = await request.state.attempt.enter_async_context(begin(read_only=True))
    return unit


ReadUnit = Annotated[UnitOfWork, Depends(begin_reading)]
"""One transaction for the whole request, which the database keeps from writing."""
# {% endif %}
