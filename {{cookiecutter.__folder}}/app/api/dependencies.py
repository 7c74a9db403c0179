"""What the routes ask for beside `app.web`: whatever the lifespan opened, found by its type."""

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.domain.settings import Settings
from app.resources import Resources
# {% if cookiecutter.cache == "redis" %}
from app.utils.cache import Cache
# {% endif %}


def opened(kind: type) -> Any:
    """Depend on what the lifespan opened under this type."""

    # Asynchronous: FastAPI calls others in a thread, which costs as much as all of its routing.
    async def get(connection: HTTPConnection) -> object:
        return connection.state.opened[kind]

    return Depends(get)


ServiceSettings = Annotated[Settings, opened(Settings)]
ServiceResources = Annotated[Resources, opened(Resources)]
# {% if cookiecutter.cache == "redis" %}
ServiceCache = Annotated[Cache, opened(Cache)]
# {% endif %}
