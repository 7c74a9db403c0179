"""What the routes ask for beside `app.web`: whatever the lifespan opened, found by its type."""

from typing import Annotated, Any

from fastapi import Depends, Request

from app.domain.settings import Settings
from app.resources import Resources
from app.services.requests import RequestClient
from app.shared import Store
from app.utils.cache import Cache


def opened(kind: type) -> Any:
    """Depend on what the lifespan opened under this type."""

    # Asynchronous: FastAPI calls others in a thread, which costs as much as all of its routing.
    async def get(request: Request) -> object:
        return request.state.opened[kind]

    return Depends(get)


ServiceSettings = Annotated[Settings, opened(Settings)]
ServiceResources = Annotated[Resources, opened(Resources)]
ServiceCache = Annotated[Cache, opened(Cache)]
Requests = Annotated[RequestClient, opened(RequestClient)]


async def get_store(resources: ServiceResources) -> Store:
    """Return what the services share."""
    return resources.store


SharedStore = Annotated[Store, Depends(get_store)]
