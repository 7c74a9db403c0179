"""What the order service does with events."""

import os

from app.domain import service
from app.domain.events import OrderConfirmed, OrderPlaced
from app.domain.settings import Settings
from app.unit_of_work import UnitOfWork
from app.utils.consumer import Consumer, RetryPolicy

consumer = Consumer()

# The ladder is short, so that every outage of a drill lasts longer than all of it; the timeout is
# long, so that none is over because the machine is busy.
POLICY = RetryPolicy(
    attempts=4, ladder=(0.5, 1.0), timeout=float(os.environ.get("DRILL_TIMEOUT", "30"))
)


@consumer.on(OrderPlaced, retry=POLICY)
async def confirm_order(event: OrderPlaced, uow: UnitOfWork, settings: Settings) -> None:
    """Confirm what was ordered."""
    await service.confirm_order(uow, event, settings)


@consumer.on(OrderConfirmed, retry=POLICY)
async def ship_order(event: OrderConfirmed, uow: UnitOfWork) -> None:
    """Ship what was confirmed."""
    await service.ship_order(uow, event)
