"""Messages on RabbitMQ that kill: run when TEST_RABBITMQ_URL names a server."""

import asyncio

from app.services.rabbitmq.messages import write_suspect
from app.services.rabbitmq.queues import name_suspects
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group
from app.utils.turns import at_rest
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS, add_group, make_message
from tests.holding_handler import SlowSuspects
from tests.rabbitmq_kit import RabbitMQFixtures


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
        other = await add_group(broker, group)
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

    async def test_suspects_of_all_groups_are_handled_one_at_a_time(
        self, broker: MessageBroker, group: Group
    ) -> None:
        other = await add_group(broker, group)
        for each in (group, other):
            for _ in range(3):
                await broker.send(name_suspects(each), make_message(group.topic.name))
        handler = SlowSuspects()
        await broker.subscribe(group, handler)
        await broker.subscribe(other, handler)
        handler.ready.set()
        await handler.finish(6)
        assert handler.most_in_hand == 1
        assert {*handler.handled[:2]} == {name_suspects(group), name_suspects(other)}

    async def test_a_suspect_that_waits_holds_up_no_other_and_is_blamed_for_no_death(
        self, broker: MessageBroker, group: Group
    ) -> None:
        other = await add_group(broker, group)
        waiting = write_suspect(make_message(group.topic.name, b"waiting"), 1)
        await broker.send(name_suspects(group), waiting)
        deaths: dict[bytes, int] = {}
        waits = 0

        async def live() -> None:
            """Be a process, which dies of the killer once the other one waits."""
            has_waited, ended = asyncio.Event(), asyncio.Event()

            async def deliver(incoming: Incoming) -> None:
                nonlocal waits
                body = incoming.message.body
                if body == b"waiting" and b"killer" not in deaths:
                    waits += 1
                    has_waited.set()
                    async with at_rest():
                        await asyncio.Event().wait()
                if body == b"killer" and incoming.deaths < 3:
                    ended.set()
                    await asyncio.Event().wait()
                deaths[body] = incoming.deaths
                if len(deaths) == 2:
                    ended.set()

            process = self.make()
            await process.connect()
            await process.subscribe(group, deliver)
            if b"killer" not in deaths:
                await has_waited.wait()
            await process.subscribe(other, deliver)
            await ended.wait()
            await process.close()

        async with asyncio.timeout(PATIENCE_SECONDS):
            await broker.send(name_suspects(other), make_message(group.topic.name, b"killer"))
            while len(deaths) < 2:
                await live()
        assert deaths == {b"waiting": 1, b"killer": 3}
        assert waits >= 3
