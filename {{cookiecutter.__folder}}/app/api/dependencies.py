"""What the routes ask for: whatever the lifespan opened, found by its type."""

# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
from collections.abc import AsyncIterator
# {% endif %}
from typing import Annotated, Any

from fastapi import Depends, Request

from app.domain.settings import Settings
from app.resources import Resources
# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
# {% endif %}
# {% if cookiecutter.cache == "redis" %}
from app.utils.cache import Cache
# {% endif %}


def opened(kind: type) -> Any:
    """Depend on what the lifespan opened under this type."""

    def get(request: Request) -> object:
        return request.state.opened[kind]

    return Depends(get)


ServiceSettings = Annotated[Settings, opened(Settings)]
ServiceResources = Annotated[Resources, opened(Resources)]
# {% if cookiecutter.cache == "redis" %}
ServiceCache = Annotated[Cache, opened(Cache)]
# {% endif %}
# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
Begin = Annotated[UnitOfWorkFactory, opened(UnitOfWorkFactory)]


async def begin_unit_of_work(begin: Begin) -> AsyncIterator[UnitOfWork]:
    """Begin a unit of work that is committed before the answer is sent."""
    async with begin() as uow:
        yield uow


# Ends with the route's function, not with the request: no answer goes out before its commit.
Unit = Annotated[UnitOfWork, Depends(begin_unit_of_work, scope="function")]
# {% endif %}
