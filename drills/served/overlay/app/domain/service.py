"""The business logic of the order service, every effect of which can be counted."""

import asyncio
import json
import os
import signal
from pathlib import Path

from app.domain.events import Behaviour, OrderConfirmed, OrderPlaced, OrderWhispered
from app.domain.models import Effect, Order
from app.domain.settings import Settings
from app.unit_of_work import UnitOfWork

CUSTOMERS = 50
NOTED = (Behaviour.LONG, Behaviour.POISON, Behaviour.KILLER, Behaviour.HANG)


def place_order(uow: UnitOfWork, number: int, behaviour: Behaviour, padding: int) -> None:
    """Store an order, and tell others."""
    customer = number % CUSTOMERS
    uow.session.add(Order(number=number, behaviour=behaviour.value))
    if behaviour is Behaviour.REFUSED:
        uow.emit(OrderWhispered(number=number, customer=customer, padding="x" * padding))
        padding = 0
    placed = OrderPlaced(
        number=number, customer=customer, behaviour=behaviour, padding="x" * padding
    )
    uow.emit(placed)


async def confirm_order(uow: UnitOfWork, order: OrderPlaced, settings: Settings) -> None:
    """Confirm an order, or do what it makes us do."""
    if order.behaviour in NOTED:
        note_attempt(order, settings)
    match order.behaviour:
        case Behaviour.SLOW:
            await asyncio.sleep(settings.drill_slow_seconds)
        case Behaviour.LONG:
            await asyncio.sleep(settings.drill_long_seconds)
        case Behaviour.POISON:
            raise ValueError("this order cannot be confirmed")
        case Behaviour.KILLER:
            os.kill(os.getpid(), signal.SIGKILL)
        case Behaviour.HANG:
            await asyncio.Event().wait()
    uow.session.add(Effect(number=order.number, step="confirmed"))
    uow.emit(OrderConfirmed(number=order.number, customer=order.customer))


async def ship_order(uow: UnitOfWork, order: OrderConfirmed) -> None:
    """Ship an order."""
    uow.session.add(Effect(number=order.number, step="shipped"))


def note_attempt(order: OrderPlaced, settings: Settings) -> None:
    """Write down an attempt where neither a rollback nor a dead process takes it back."""
    line = json.dumps({"number": order.number, "pid": os.getpid()}) + "\n"
    with Path(settings.drill_attempts).open("a", encoding="utf-8") as file:
        file.write(line)
