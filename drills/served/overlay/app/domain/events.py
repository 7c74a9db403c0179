"""The events of the order service."""

import os
from enum import StrEnum

from app.utils.message_broker import Event
from app.utils.topology import Topology

# Each drill has topics of its own: on some brokers a new group reads what was there before.
PREFIX = os.environ.get("DRILL", "drill")
TOPOLOGY = Topology(partitions=int(os.environ.get("DRILL_PARTITIONS", "3")))


class Behaviour(StrEnum):
    """What an order does to those who handle it."""

    PLAIN = "plain"
    SLOW = "slow"
    LONG = "long"
    """Its handler takes so long that something can happen meanwhile."""
    POISON = "poison"
    """Its handler fails, always."""
    KILLER = "killer"
    """It kills the process that handles it."""
    HANG = "hang"
    """Its handler never ends."""
    REFUSED = "refused"
    """Another event, which nobody listens to, is emitted beside its own."""


class OrderPlaced(Event, topic=f"{PREFIX}.order.placed", key="customer", topology=TOPOLOGY):
    """Somebody has ordered something."""

    number: int
    customer: int
    behaviour: Behaviour
    padding: str = ""


class OrderConfirmed(Event, topic=f"{PREFIX}.order.confirmed", key="customer"):
    """An order will be shipped."""

    number: int
    customer: int


class OrderWhispered(Event, topic=f"{PREFIX}.order.whispered", key="customer"):
    """Nobody listens to this."""

    number: int
    customer: int
    padding: str = ""
