"""What tests of the AsyncAPI document share: events, and who receives them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.core.config import CoreSettings
from app.services.asyncapi import Receiver, build_document
from app.utils.message_broker import Event


class Card(BaseModel):
    kind: Literal["card"]
    number: str


class Cash(BaseModel):
    kind: Literal["cash"]


class OrderPaid(Event, topic="order.paid", key="order_id"):
    """Somebody paid.

    At last.
    """

    order_id: int
    means: Annotated[Card | Cash, Field(discriminator="kind")]
    note: str = ""


class OrderSent(Event, topic="order/sent", sent_by="shipping"):
    order_id: int
    note: str = ""


RECEIVER = Receiver(name="thank", event=OrderSent, purpose="Thank.\n\nA lot.", group="shop.thank")


def make_document(core: CoreSettings) -> dict[str, Any]:
    """Return the document of these events."""
    return build_document(core.service, [OrderPaid, OrderSent], [RECEIVER])
