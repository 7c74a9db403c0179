"""What RabbitMQ must hold for a group: checked, created and counted."""

from collections.abc import Collection
from contextlib import suppress

from aio_pika import ExchangeType, RobustConnection
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from app.services.rabbitmq.channel import open_channel
from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.errors import translate_failures
from app.services.rabbitmq.queues import EXCHANGE, Arguments, list_queues, name_suspects
from app.utils.broker_errors import BrokerRefusedError
from app.utils.topology import Group


async def apply_topology(connection: RobustConnection | None, groups: Collection[Group]) -> None:
    """Create what is missing; raises BrokerRefusedError for what cannot be changed."""
    await declare_exchange(connection)
    for group in groups:
        for queue, arguments in list_queues(group).items():
            await declare_queue(connection, queue, arguments)
        async with open_channel(connection) as channel:
            with translate_failures():
                bound = await channel.get_queue(group.name, ensure=False)
                await bound.bind(EXCHANGE, group.topic.name, timeout=TIMEOUT_SECONDS)


async def check_topology(
    connection: RobustConnection | None, groups: Collection[Group]
) -> list[str]:
    """Return a sentence for everything that is missing or not as declared.

    AMQP does not tell which queues are bound to what: see `check_bindings`.
    """
    found = [] if await has_exchange(connection) else [f"the exchange {EXCHANGE} is missing"]
    for group in groups:
        for queue, arguments in list_queues(group).items():
            if await count_messages(connection, queue) is None:
                found.append(f"the queue {queue} is missing")
                continue
            try:
                await declare_queue(connection, queue, arguments)
            except BrokerRefusedError as error:
                # Without the permission to create it, its arguments remain unknown.
                if isinstance(error.__cause__, ChannelPreconditionFailed):
                    found.append(str(error))
    return found


async def count_topology(connection: RobustConnection | None, group: Group) -> dict[str, int]:
    """Return how many messages wait for the group: by topic, rung and dead letters."""
    counts = {}
    for queue in list_queues(group):
        count = await count_messages(connection, queue)
        if count is None:
            raise BrokerRefusedError(f"the queue {queue} is missing: run `just topology apply`")
        counts[queue] = count
    waiting = counts.pop(group.name) + counts.pop(name_suspects(group))
    return {group.topic.name: waiting, **counts}


async def declare_exchange(connection: RobustConnection | None) -> None:
    """Create the exchange unless it is there."""
    async with open_channel(connection) as channel:
        with translate_failures():
            await channel.declare_exchange(
                EXCHANGE, ExchangeType.TOPIC, durable=True, timeout=TIMEOUT_SECONDS
            )


async def has_exchange(connection: RobustConnection | None) -> bool:
    """Tell whether the exchange is there."""
    async with open_channel(connection) as channel:
        with translate_failures(), suppress(ChannelNotFoundEntity):
            await channel.declare_exchange(EXCHANGE, passive=True, timeout=TIMEOUT_SECONDS)
            return True
    return False


async def declare_queue(
    connection: RobustConnection | None, queue: str, arguments: Arguments
) -> None:
    """Create a queue unless it is there; raises BrokerRefusedError if it is another."""
    async with open_channel(connection) as channel:
        try:
            with translate_failures():
                await channel.declare_queue(
                    queue, durable=True, arguments=dict(arguments), timeout=TIMEOUT_SECONDS
                )
        except BrokerRefusedError as error:
            if not isinstance(error.__cause__, ChannelPreconditionFailed):
                raise
            raise BrokerRefusedError(
                f"the queue {queue} has other arguments, which no queue can change: empty it, "
                f"delete it and run `just topology apply` ({error.__cause__})"
            ) from error.__cause__


async def count_messages(connection: RobustConnection | None, queue: str) -> int | None:
    """Return how many messages a queue holds; None if there is no such queue."""
    async with open_channel(connection) as channel:
        with translate_failures(), suppress(ChannelNotFoundEntity):
            found = await channel.declare_queue(queue, passive=True, timeout=TIMEOUT_SECONDS)
            return found.declaration_result.message_count or 0
    return None
