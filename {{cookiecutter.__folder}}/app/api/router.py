"""The routes of this service, version 1."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Response, status

# {% if cookiecutter.cache == "redis" %}
from app.api.dependencies import Begin, ServiceCache, ServiceSettings, Unit
# {% endif %}
# {% if cookiecutter.cache == "none" %}
from app.api.dependencies import ServiceSettings, Unit
# {% endif %}
from app.api.schemas import ActivityView, ItemCreate, ItemView
from app.domain import service
from app.domain.models import Activity, Item

router = APIRouter(prefix="/v1")
# {% if cookiecutter.cache == "redis" %}

ITEM_SECONDS = 60.0
# {% endif %}


@router.post(
    "/items", response_model=ItemView, status_code=status.HTTP_201_CREATED, summary="Create an item"
)
async def create_item(body: ItemCreate, uow: Unit, response: Response) -> Item:
    """Store the item and tell whoever listens, both or neither."""
    item = await service.create_item(uow, body.name)
    response.headers["Location"] = f"/v1/items/{item.id}"
    return item


# {% if cookiecutter.cache == "redis" %}
@router.get("/items/{item_id}", response_model=ItemView, summary="Read an item")
async def get_item(item_id: UUID, begin: Begin, cache: ServiceCache) -> ItemView:
    """Return the item, from the cache for a minute after it was read."""

    async def read() -> ItemView:
        async with begin() as uow:
            return ItemView.model_validate(await service.get_item(uow, item_id))

    return await cache.fetch(f"item:{item_id}", ItemView, read, ttl=ITEM_SECONDS)


# {% endif %}
# {% if cookiecutter.cache == "none" %}
@router.get("/items/{item_id}", response_model=ItemView, summary="Read an item")
async def get_item(item_id: UUID, uow: Unit) -> Item:
    """Return the item."""
    return await service.get_item(uow, item_id)


# {% endif %}
@router.get("/activities", response_model=list[ActivityView], summary="Read what went on")
async def list_activities(uow: Unit, settings: ServiceSettings) -> Sequence[Activity]:
    """Return the latest activities, newest first."""
    return await service.list_activities(uow, limit=settings.page_size)
