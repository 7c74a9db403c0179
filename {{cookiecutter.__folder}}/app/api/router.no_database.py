"""The routes of this service, version 1."""

# {% if cookiecutter.broker == "none" or cookiecutter.interface == "api-and-worker" %}
from collections.abc import Sequence

# {% endif %}
from fastapi import APIRouter, status

# {% if cookiecutter.broker != "none" and cookiecutter.interface == "api-and-worker" %}
from app.api.dependencies import ServiceResources, Unit
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface == "api" %}
from app.api.dependencies import Unit
# {% endif %}
# {% if cookiecutter.broker == "none" %}
from app.api.dependencies import ServiceResources
# {% endif %}
# {% if cookiecutter.broker == "none" or cookiecutter.interface == "api-and-worker" %}
from app.api.schemas import ActivityView, ItemCreate, ItemView
from app.domain import service
from app.domain.service import Item
from app.resources import Activity
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface == "api" %}
from app.api.schemas import ItemCreate, ItemView
from app.domain import service
from app.domain.service import Item
# {% endif %}

router = APIRouter(prefix="/v1")
# {% if cookiecutter.broker != "none" %}


@router.post(
    "/items", response_model=ItemView, status_code=status.HTTP_201_CREATED, summary="Create an item"
)
async def create_item(body: ItemCreate, uow: Unit) -> Item:
    """Tell whoever listens that there is an item."""
    return await service.create_item(uow, body.name)
# {% endif %}
# {% if cookiecutter.broker == "none" %}


@router.post(
    "/items", response_model=ItemView, status_code=status.HTTP_201_CREATED, summary="Create an item"
)
async def create_item(body: ItemCreate, resources: ServiceResources) -> Item:
    """Record that there is an item."""
    return await service.create_item(resources, body.name)
# {% endif %}
# {% if cookiecutter.broker == "none" or cookiecutter.interface == "api-and-worker" %}


@router.get("/activities", response_model=list[ActivityView], summary="Read what went on")
async def list_activities(resources: ServiceResources) -> Sequence[Activity]:
    """Return the latest activities of this process, newest first."""
    return list(reversed(resources.activities))
# {% endif %}
