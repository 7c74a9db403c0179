"""How much waits for each subscription, as metrics."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from app.core.config import CoreSettings
from app.core.metrics import SUBSCRIPTION_DEAD_LETTERS, SUBSCRIPTION_LAG, SUBSCRIPTION_RETRYING
from app.utils.background import repeat, run_in_background
from app.utils.broker_errors import BrokerRefusedError
from app.utils.consumer import Consumer
from app.utils.container import Container
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group

MEASURE_SECONDS = 15.0
LIMIT_SECONDS = 5.0


@asynccontextmanager
async def run_lag(consumer: Consumer, opened: Container) -> AsyncIterator[None]:
    """Measure in the background while the block runs."""
    service = opened[CoreSettings].service.name
    groups = {
        each.name: each.make_group(service)
        for each in consumer.subscriptions
        if not each.is_broadcast
    }

    async def measure() -> None:
        await measure_lag(opened[MessageBroker], groups)

    async with run_in_background(repeat(measure, MEASURE_SECONDS)):
        yield
    forget(groups)


async def measure_lag(broker: MessageBroker, groups: Mapping[str, Group]) -> None:
    """Count what waits for these subscriptions; what the broker does not tell is absent."""
    for name, group in groups.items():
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                counts = await broker.count(group)
        except BrokerRefusedError:
            # Something of this group is missing, which says nothing about the others.
            forget([name])
            continue
        except Exception:  # noqa: BLE001 - whatever it is, the probes of the broker say it
            forget(groups)
            return
        SUBSCRIPTION_LAG.set(counts.pop(group.topic.name), name)
        SUBSCRIPTION_DEAD_LETTERS.set(counts.pop(group.dead), name)
        SUBSCRIPTION_RETRYING.set(sum(counts.values()), name)


def forget(names: Iterable[str]) -> None:
    """Show nothing for these subscriptions."""
    for name in names:
        for reading in (SUBSCRIPTION_LAG, SUBSCRIPTION_DEAD_LETTERS, SUBSCRIPTION_RETRYING):
            reading.forget(name)
