"""Messages on RabbitMQ that kill: run when TEST_RABBITMQ_URL names a server."""

import asyncio
from dataclasses import replace

import pytest

from app.services.rabbitmq.queues import name_suspects
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS, make_message
from tests.rabbitmq_kit import URL, RabbitMQFixtures


@pytest.mark.skipif(not URL, reason="TEST_RABBITMQ_URL is not set")
class TestRabbitMQSuspects(RabbitMQFixtures, BrokerFixtures):
    """Who is suspected when a process dies, and who is not."""

    async def test_a_message_that_kills_its_process_harms_no_other(
        self, broker: MessageBroker, group: Group
    ) -> None:
        deaths: dict[bytes, int] = {}
        crashes = 0
        for body in (b"innocent", b"killer"):
            await broker.publish(make_message(group.topic.name, body))

        async def live() -> None:
            """Be a process, which dies of the killer or has handled everything."""
            ended = asyncio.Event()

            async def deliver(incoming: Incoming) -> None:
                body = incoming.message.body
                kills = body == b"killer" and incoming.deaths < 2
                if kills:
                    ended.set()
                if kills or crashes < 2:
                    await asyncio.Event().wait()
                deaths[body] = incoming.deaths
                if len(deaths) == 2:
                    ended.set()

            process = self.make()
            await process.connect()
            await process.subscribe(group, deliver)
            await ended.wait()
            await process.close()

        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(deaths) < 2:
                await live()
                crashes += 1
        assert deaths == {b"innocent": 0, b"killer": 2}

    async def test_a_killer_in_one_group_harms_no_suspect_of_another(
        self, broker: MessageBroker, group: Group
    ) -> None:
        other = replace(group, name=f"{group.name}-2")
        await broker.apply([group.topic], [other])
        await broker.send(name_suspects(group), make_message(group.topic.name, b"killer"))
        await broker.send(name_suspects(other), make_message(group.topic.name, b"innocent"))
        deaths: dict[bytes, int] = {}

        async def live() -> None:
            """Be a process, which dies of the killer or has handled everything."""
            ended = asyncio.Event()

            async def deliver(incoming: Incoming) -> None:
                body = incoming.message.body
                if body == b"killer" and incoming.deaths < 3:
                    ended.set()
                    await asyncio.Event().wait()
                deaths[body] = incoming.deaths
                if len(deaths) == 2:
                    ended.set()

            process = self.make()
            await process.connect()
            await process.subscribe(group, deliver)
            await process.subscribe(other, deliver)
            await ended.wait()
            await process.close()

        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(deaths) < 2:
                await live()
        assert deaths == {b"innocent": 0, b"killer": 3}
