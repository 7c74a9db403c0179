"""What clients of the order service send and receive."""

from pydantic import Field

from app.domain.events import Behaviour
from app.utils.base_model import InputModel, Model


class OrdersPlace(InputModel):
    """Orders to be placed: so many, numbered from the first on."""

    first: int
    count: int = Field(ge=1, le=1000)
    behaviour: Behaviour = Behaviour.PLAIN
    padding: int = 0
    """How many bytes the event of each carries along."""


class OrdersPlaced(Model):
    """How many were placed."""

    count: int
