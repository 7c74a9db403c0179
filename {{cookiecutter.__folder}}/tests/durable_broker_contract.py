"""What a broker must do beside, when it is a server of its own."""

import asyncio
import gc
import time
from dataclasses import replace

import pytest

from app.utils.broker_errors import UnroutableError
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group, Topic
from tests.broker_contract import BrokerContract
from tests.broker_fixtures import Open
from tests.broker_kit import PATIENCE_SECONDS, Received, make_message

BACKLOG = 5000


class DurableBrokerContract(BrokerContract):
    """The cases of every broker, and those that need a server."""

    async def test_messages_outlive_the_process_that_sent_them(
        self, group: Group, open_broker: Open
    ) -> None:
        async with open_broker() as sender:
            await sender.publish(make_message(group.topic.name, b"kept"))
        received = Received()
        async with open_broker() as receiver:
            await receiver.subscribe(group, received.deliver)
            assert (await received.take()).body == b"kept"

    async def test_what_was_not_handled_comes_again(
        self, broker: MessageBroker, group: Group, open_broker: Open
    ) -> None:
        begun = asyncio.Event()

        async def hang(_: Incoming) -> None:
            begun.set()
            await asyncio.Event().wait()

        async with open_broker() as other:
            await other.subscribe(group, hang)
            await other.publish(make_message(group.topic.name, b"again"))
            async with asyncio.timeout(PATIENCE_SECONDS):
                await begun.wait()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await other.pause()
        received = Received()
        await broker.subscribe(group, received.deliver)
        assert (await received.take()).body == b"again"

    async def test_a_delivery_that_raises_is_repeated(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received, calls = Received(), 0

        async def deliver(incoming: Incoming) -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise RuntimeError("not yet")
            await received.deliver(incoming)

        await broker.subscribe(group, deliver)
        message = make_message(group.topic.name)
        await broker.publish(message)
        assert (await received.take()).id == message.id

    async def test_a_backlog_leaves_the_event_loop_to_others(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received, turns = Received(), [0.0]
        publishing = asyncio.Semaphore(100)

        async def publish(number: int) -> None:
            async with publishing:
                await broker.publish(make_message(group.topic.name, b"{}", key=str(number)))

        await asyncio.gather(*(publish(number) for number in range(BACKLOG)))

        async def watch() -> None:
            while True:
                before = time.thread_time()
                await asyncio.sleep(0)
                turns.append(time.thread_time() - before)

        # All that the tests before have left takes as long to go through as half of the backlog.
        gc.disable()
        try:
            watching = asyncio.create_task(watch())
            await broker.subscribe(group, received.deliver)
            await received.take_bodies(BACKLOG)
            watching.cancel()
        finally:
            gc.enable()
        # In CPU, so that what others do on the machine is not counted.
        assert max(turns) < sum(turns) / 4

    async def test_messages_of_a_key_come_in_order(
        self, broker: MessageBroker, group: Group
    ) -> None:
        if not broker.capabilities.keeps_order:
            return
        received: dict[str, list[bytes]] = {"a": [], "b": []}
        done = asyncio.Event()

        async def deliver(incoming: Incoming) -> None:
            received[incoming.message.key or ""].append(incoming.message.body)
            await asyncio.sleep(0)
            if sum(map(len, received.values())) == 100:
                done.set()

        bodies = [f"{number}".encode() for number in range(50)]
        for body in bodies:
            for key in received:
                await broker.publish(make_message(group.topic.name, body, key=key))
        await broker.subscribe(group, deliver)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await done.wait()
        assert received == {"a": bodies, "b": bodies}

    async def test_what_is_missing_is_named(self, broker: MessageBroker, group: Group) -> None:
        missing = Group(name=f"{group.name}-none", topic=Topic(name=f"{group.topic.name}-none"))
        said = "\n".join(await broker.check([missing.topic], [missing]))
        assert missing.name in said

    async def test_a_message_for_a_place_that_is_not_there_is_unroutable(
        self, broker: MessageBroker, group: Group
    ) -> None:
        with pytest.raises(UnroutableError):
            await broker.send(f"{group.name}-none.dead", make_message(group.topic.name))

    async def test_what_waits_under_an_older_policy_comes_too(
        self, broker: MessageBroker, group: Group
    ) -> None:
        older = replace(group, ladder=(0.2,))
        await broker.apply([group.topic], [older])
        await broker.send(older.rung(0), make_message(group.topic.name, b"old").move(3))
        received = Received()
        await broker.subscribe(group, received.deliver)
        message = await received.take()
        assert (message.body, message.attempt) == (b"old", 3)
