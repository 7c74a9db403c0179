"""The routes of the order service."""

from fastapi import status

from app.api.schemas import OrdersPlace, OrdersPlaced
from app.domain import service
from app.web.idempotency import Idempotent
from app.web.routing import Router
from app.web.units import Unit

router = Router(prefix="/v1")


@router.post(
    "/orders",
    response_model=OrdersPlaced,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Idempotent],
)
async def place_orders(body: OrdersPlace, uow: Unit) -> OrdersPlaced:
    """Place several orders in one transaction."""
    for number in range(body.first, body.first + body.count):
        service.place_order(uow, number, body.behaviour, body.padding)
    return OrdersPlaced(count=body.count)
