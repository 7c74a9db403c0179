"""What clients send and receive."""

# {% if cookiecutter.database != "none" %}
from typing import Annotated, Literal
# {% endif %}
# {% if cookiecutter.database == "none" %}
from typing import Annotated
# {% endif %}
from uuid import UUID

from pydantic import Field, StringConstraints

# {% if cookiecutter.interface == "api-and-worker" or cookiecutter.database != "none" or cookiecutter.broker == "none" %}
from app.utils.base_model import InputModel, Model, UtcDatetime
# {% endif %}
# {% if cookiecutter.interface == "api" and cookiecutter.database == "none" and cookiecutter.broker != "none" %}
from app.utils.base_model import InputModel, Model
# {% endif %}
# {% if cookiecutter.database != "none" %}
from app.web.pages import PageQuery
# {% endif %}

# Without a line feed, and without spaces around it.
Name = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=100)]


class ItemCreate(InputModel):
    """An item to be created."""

    name: Name = Field(examples=["lamp"])


# {% if cookiecutter.database != "none" %}
class ItemUpdate(InputModel):
    """What becomes of an item."""

    name: Name = Field(examples=["green lamp"])


class ItemQuery(PageQuery):
    """Which items are listed, and in which order."""

    sort: Literal["created_at", "-created_at", "name", "-name"] = "-created_at"
    name: Name | None = None
    created_after: UtcDatetime | None = None
    created_before: UtcDatetime | None = None


class ItemView(Model):
    """An item as clients see it."""

    id: UUID
    name: str = Field(examples=["lamp"])
    created_at: UtcDatetime
    version: int = Field(examples=[1])
# {% endif %}
# {% if cookiecutter.database == "none" %}
class ItemView(Model):
    """An item as clients see it."""

    id: UUID
    name: str = Field(examples=["lamp"])


class CallerView(Model):
    """Who calls, as the token says."""

    subject: str = Field(examples=["ann"])
    scopes: list[str]
# {% endif %}
# {% if cookiecutter.interface == "api-and-worker" or cookiecutter.database != "none" or cookiecutter.broker == "none" %}


class ActivityView(Model):
    """One line of the record of what went on."""

    kind: str = Field(examples=["item.created"])
    subject: str = Field(examples=["lamp"])
    recorded_at: UtcDatetime
# {% endif %}
