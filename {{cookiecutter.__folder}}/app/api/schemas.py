"""What clients send and receive."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

# {% if cookiecutter.interface == "api-and-worker" or cookiecutter.database != "none" or cookiecutter.broker == "none" %}
from app.utils.base_model import InputModel, Model, UtcDatetime
# {% endif %}
# {% if cookiecutter.interface == "api" and cookiecutter.database == "none" and cookiecutter.broker != "none" %}
from app.utils.base_model import InputModel, Model
# {% endif %}

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class ItemCreate(InputModel):
    """An item to be created."""

    name: Name = Field(examples=["lamp"])


class ItemView(Model):
    """An item as clients see it."""

    id: UUID
    name: str
# {% if cookiecutter.interface == "api-and-worker" or cookiecutter.database != "none" or cookiecutter.broker == "none" %}


class ActivityView(Model):
    """One line of the record of what went on."""

    kind: str = Field(examples=["item.created"])
    subject: str
    recorded_at: UtcDatetime
# {% endif %}
