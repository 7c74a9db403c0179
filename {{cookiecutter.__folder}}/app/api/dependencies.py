"""What the routes ask for beside `app.web`: whatever the lifespan opened, found by its type."""

# {% if cookiecutter.cache == "redis" and cookiecutter.database != "none" %}
from functools import partial
# {% endif %}
from typing import Annotated, Any
# {% if cookiecutter.cache == "redis" and cookiecutter.database != "none" %}
from uuid import UUID
# {% endif %}

from fastapi import Depends, Request

# {% if cookiecutter.cache == "redis" and cookiecutter.database != "none" %}
from app.domain.service import item_key
# {% endif %}
from app.domain.settings import Settings
from app.resources import Resources
# {% if cookiecutter.cache == "redis" %}
from app.utils.cache import Cache
# {% endif %}
# {% if cookiecutter.cache == "redis" and cookiecutter.database != "none" %}
from app.web.units import Unit
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
# {% if cookiecutter.cache == "redis" and cookiecutter.database != "none" %}


async def forget_item(item_id: UUID, uow: Unit, cache: ServiceCache) -> None:
    """Make the cache forget an item as soon as its change is committed."""
    uow.after_commit(partial(cache.delete, item_key(item_id)))


ForgetItem = Depends(forget_item)
# {% endif %}
