"""The routes of this service, version 1."""

from collections.abc import Sequence
# {% if cookiecutter.cache == "redis" %}
from functools import partial
# {% endif %}
from typing import Annotated

# {% if cookiecutter.cache == "redis" %}
from fastapi import Depends, Query, Response, status
# {% endif %}
# {% if cookiecutter.cache == "none" %}
from fastapi import Query, Response, status
# {% endif %}

# {% if cookiecutter.cache == "redis" %}
from app.api.dependencies import ServiceCache, ServiceSettings
# {% endif %}
# {% if cookiecutter.cache == "none" %}
from app.api.dependencies import ServiceSettings
# {% endif %}
from app.api.exceptions import problems
from app.api.schemas import ActivityView, ItemCreate, ItemQuery, ItemUpdate, ItemView
from app.domain import service
from app.domain.models import Activity, Item
from app.pagination import Slice
from app.web.bearer import require_scope
from app.web.conditions import RequestConditions, make_etag
from app.web.idempotency import Idempotent
from app.web.ids import UuidId
from app.web.pages import Page
# {% if cookiecutter.cache == "redis" %}
from app.web.rate_limits import limit_rate
from app.web.routing import Router
from app.web.units import Begin, ReadUnit, Unit
# {% endif %}
# {% if cookiecutter.cache == "none" %}
from app.web.routing import Router
from app.web.units import ReadUnit, Unit
# {% endif %}

router = Router(prefix="/v1")
# {% if cookiecutter.cache == "redis" %}

ITEM_SECONDS = 60.0


async def forget_item(item_id: UuidId, uow: Unit, cache: ServiceCache) -> None:
    """Make the cache forget an item as soon as its change is committed."""
    uow.after_commit(partial(cache.delete, service.item_key(item_id)))


ForgetItem = Depends(forget_item)
# {% endif %}


@router.post(
    "/items",
    response_model=ItemView,
    status_code=status.HTTP_201_CREATED,
    summary="Create an item",
    # {% if cookiecutter.cache == "redis" %}
    responses=problems(409, 429),
    dependencies=[limit_rate("create_item", 600, per=60), Idempotent],
    # {% endif %}
    # {% if cookiecutter.cache == "none" %}
    responses=problems(409),
    dependencies=[Idempotent],
    # {% endif %}
)
async def create_item(body: ItemCreate, uow: Unit, response: Response) -> Item:
    """Store the item and tell whoever listens, both or neither."""
    item = await service.create_item(uow, body.name)
    response.headers["Location"] = f"/v1/items/{item.id}"
    response.headers["ETag"] = make_etag(item.version)
    return item


@router.get("/items", response_model=Page[ItemView], summary="List items")
async def list_items(query: Annotated[ItemQuery, Query()], uow: ReadUnit) -> Slice[Item]:
    """Return a page of the items, newest first unless asked otherwise."""
    return await service.list_items(uow, **query.model_dump())


# {% if cookiecutter.cache == "redis" %}
@router.get(
    "/items/{item_id}",
    response_model=ItemView,
    summary="Read an item",
    responses={304: {"description": "It still is what If-None-Match says"}, **problems(404)},
)
async def get_item(
    item_id: UuidId,
    begin: Begin,
    cache: ServiceCache,
    conditions: RequestConditions,
    response: Response,
) -> ItemView:
    """Return the item, from the cache for a minute after it was read."""

    async def read() -> ItemView:
        async with begin(read_only=True) as uow:
            return ItemView.model_validate(await service.get_item(uow, item_id))

    item = await cache.fetch(service.item_key(item_id), ItemView, read, ttl=ITEM_SECONDS)
    conditions.check_none_match(make_etag(item.version))
    response.headers["ETag"] = make_etag(item.version)
    return item


# {% endif %}
# {% if cookiecutter.cache == "none" %}
@router.get(
    "/items/{item_id}",
    response_model=ItemView,
    summary="Read an item",
    responses={304: {"description": "It still is what If-None-Match says"}, **problems(404)},
)
async def get_item(
    item_id: UuidId, uow: ReadUnit, conditions: RequestConditions, response: Response
) -> Item:
    """Return the item."""
    item = await service.get_item(uow, item_id)
    conditions.check_none_match(make_etag(item.version))
    response.headers["ETag"] = make_etag(item.version)
    return item


# {% endif %}
@router.put(
    "/items/{item_id}",
    response_model=ItemView,
    summary="Change an item",
    responses=problems(404, 412, 428),
    # {% if cookiecutter.cache == "redis" %}
    dependencies=[ForgetItem],
    # {% endif %}
)
async def change_item(
    item_id: UuidId, body: ItemUpdate, uow: Unit, conditions: RequestConditions, response: Response
) -> Item:
    """Change the version of the item that If-Match names, and no other."""
    item = await service.get_item(uow, item_id)
    conditions.require_match(make_etag(item.version))
    await service.rename_item(uow, item, body.name)
    response.headers["ETag"] = make_etag(item.version)
    return item


@router.delete(
    "/items/{item_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete an item",
    responses=problems(401, 403, 404),
    # {% if cookiecutter.cache == "redis" %}
    dependencies=[require_scope("items:delete"), ForgetItem],
    # {% endif %}
    # {% if cookiecutter.cache == "none" %}
    dependencies=[require_scope("items:delete")],
    # {% endif %}
)
async def delete_item(item_id: UuidId, uow: Unit) -> None:
    """Delete the item; only for callers whose token has the scope items:delete."""
    await service.delete_item(uow, item_id)


@router.get("/activities", response_model=list[ActivityView], summary="Read what went on")
async def list_activities(uow: ReadUnit, settings: ServiceSettings) -> Sequence[Activity]:
    """Return the latest activities, newest first."""
    return await service.list_activities(uow, limit=settings.page_size)
