"""The routes of this service, version 1."""

# {% if cookiecutter.broker == "none" or cookiecutter.interface == "api-and-worker" %}
from collections.abc import Sequence

# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.cache == "none" %}
from fastapi import APIRouter, status
# {% endif %}
# {% if cookiecutter.broker != "none" or cookiecutter.cache == "redis" %}
from fastapi import status
# {% endif %}

# {% if cookiecutter.broker == "none" or cookiecutter.interface == "api-and-worker" %}
from app.api.dependencies import ServiceResources
from app.api.exceptions import problems
from app.api.schemas import ActivityView, CallerView, ItemCreate, ItemView
from app.domain import service
from app.domain.service import Item
from app.resources import Activity
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface == "api" %}
from app.api.exceptions import problems
from app.api.schemas import CallerView, ItemCreate, ItemView
from app.domain import service
from app.domain.service import Item
# {% endif %}
from app.web.bearer import CurrentCaller
# {% if cookiecutter.cache == "redis" %}
from app.web.idempotency import Idempotent
from app.web.rate_limits import limit_rate
# {% endif %}
# {% if cookiecutter.broker != "none" or cookiecutter.cache == "redis" %}
from app.web.routing import Router
# {% endif %}
# {% if cookiecutter.broker != "none" %}
from app.web.units import Unit
# {% endif %}

# {% if cookiecutter.broker == "none" and cookiecutter.cache == "none" %}
router = APIRouter(prefix="/v1")
# {% endif %}
# {% if cookiecutter.broker != "none" or cookiecutter.cache == "redis" %}
router = Router(prefix="/v1")
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
)
# {% if cookiecutter.broker != "none" %}
async def create_item(body: ItemCreate, uow: Unit) -> Item:
    """Tell whoever listens that there is an item."""
    return await service.create_item(uow, body.name)


# {% endif %}
# {% if cookiecutter.broker == "none" %}
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
@router.get("/caller", response_model=CallerView, summary="Who am I?", responses=problems(401))
async def get_caller(caller: CurrentCaller) -> CallerView:
    """Return what the bearer token says of its caller."""
    return CallerView(subject=caller.subject, scopes=sorted(caller.scopes))
