"""Bugs to plant in a rendered service, one at a time, and the tests that must notice each."""

from dataclasses import dataclass

SUSPECTS = "tests/test_rabbitmq_suspects.py"
SUSPECT_DELIVERY = "tests/test_rabbitmq_suspect_delivery.py"
ACKNOWLEDGEMENT = "tests/test_rabbitmq_acknowledgement.py"
DEATHS = "tests/test_kafka_deaths.py"
DEFERRAL = "tests/test_outbox_deferral.py"
ENDS = "tests/test_delivery_ends.py"


@dataclass(frozen=True)
class Mutant:
    """A bug: a text of a module below `app/services` that is replaced by another."""

    name: str
    module: str
    text: str
    instead: str
    tests: str
    """The file of tests that notice it."""

    @property
    def path(self) -> str:
        """The module's path in a service."""
        return f"app/services/{self.module}.py"

    def plant(self, source: str) -> str:
        """Return the module with the bug in it; raises ValueError when it has changed since."""
        if source.count(self.text) != 1:
            raise ValueError(f"{self.name}: {self.path} has not once {self.text!r}")
        return source.replace(self.text, self.instead)


MUTANTS = (
    Mutant(
        "RabbitMQ: suspects of different groups at once",
        "rabbitmq/suspects",
        "Turn(self._alone)",
        "Turn(asyncio.Lock())",
        SUSPECTS,
    ),
    Mutant(
        "RabbitMQ: each subscription has a turn of its own",
        "rabbitmq_service",
        "self.send, self._alone)",
        "self.send, asyncio.Lock())",
        SUSPECTS,
    ),
    Mutant(
        "RabbitMQ: the deaths of a suspect are forgotten when it waits",
        "rabbitmq/suspects",
        "suspect.deaths, suspect.outages)",
        "0, suspect.outages)",
        SUSPECTS,
    ),
    Mutant(
        "RabbitMQ: a suspect waits in hand",
        "rabbitmq/suspects",
        "            with resting_by(hand_back):\n                await self._deliver(suspect)",
        "            await self._deliver(suspect)",
        SUSPECTS,
    ),
    Mutant(
        "RabbitMQ: a suspect that was not sent back is acknowledged",
        "rabbitmq/suspects",
        "            if await self._send_back(suspect):\n                break\n",
        "            await self._send_back(suspect)\n            break\n",
        ACKNOWLEDGEMENT,
    ),
    Mutant(
        "RabbitMQ: a process that is to end takes another suspect",
        "rabbitmq/suspects",
        "            if self._paused.is_set():\n                return None\n",
        "",
        ACKNOWLEDGEMENT,
    ),
    Mutant(
        "RabbitMQ: what is moved forgets its attempts",
        "rabbitmq/group_intake",
        "message.move(message.attempt)",
        "message.move(1)",
        ACKNOWLEDGEMENT,
    ),
    Mutant(
        "RabbitMQ: the outages that a suspect met are forgotten",
        "rabbitmq/suspects",
        "outages=read_outages(incoming)",
        "outages=0",
        SUSPECT_DELIVERY,
    ),
    Mutant(
        "RabbitMQ: the attempts of a suspect are forgotten when it waits",
        "rabbitmq/suspects",
        "message.attempt + back.attempts",
        "message.attempt",
        SUSPECT_DELIVERY,
    ),
    Mutant(
        "RabbitMQ: what no queue gets is published",
        "rabbitmq/publishing",
        "await exchange.publish(outgoing, key, timeout",
        "await exchange.publish(outgoing, key, mandatory=False, timeout",
        "tests/test_rabbitmq.py",
    ),
    Mutant(
        "Kafka: suspects at once",
        "kafka/lane",
        "Turn(self._keeper.alone)",
        "Turn(asyncio.Lock())",
        DEATHS,
    ),
    Mutant(
        "Kafka: each subscription has a turn of its own",
        "kafka_service",
        "self._admin, self._alone)",
        "self._admin, asyncio.Lock())",
        DEATHS,
    ),
    Mutant(
        "Kafka: a suspect that waits is in hand",
        "kafka/lane",
        "        await self._save_mark(offset, deaths - 1)\n",
        "",
        DEATHS,
    ),
    Mutant(
        "Kafka: a suspect that waits holds up the others",
        "kafka/lane",
        "        turn.yield_turn()\n        yield\n        await turn.resume()",
        "        yield",
        DEATHS,
    ),
    Mutant(
        "Kafka: a suspect goes on without its turn",
        "kafka/lane",
        "        await turn.resume()\n",
        "",
        DEATHS,
    ),
    Mutant(
        "Kafka: a suspect goes on and is not marked as in hand",
        "kafka/lane",
        "        await turn.resume()\n        await self._save_mark(offset, deaths)\n",
        "        await turn.resume()\n",
        DEATHS,
    ),
    Mutant(
        "Kafka: an offset of another topic of that name is used",
        "kafka/consumer",
        "if mark.offset == 0:",
        "if mark.offset == -1:",
        "tests/test_kafka_changes.py",
    ),
    Mutant(
        "Kafka: records of aborted transactions are read",
        "kafka/reading",
        'READ_COMMITTED = "read_committed"',
        'READ_COMMITTED = "read_uncommitted"',
        "tests/test_kafka_content.py",
    ),
    Mutant(
        "Kafka: retry topics of older policies are not read",
        "kafka/consumer",
        "others = await find_other_rungs(self._admin, self._group)",
        "others: dict[str, float] = {}",
        "tests/test_kafka.py",
    ),
    Mutant(
        "Kafka: retries do not wait",
        "kafka/lane",
        "rest = record.timestamp / 1000 + self._delay - time.time()",
        "rest = 0.0",
        "tests/test_kafka.py",
    ),
    Mutant(
        "Kafka: new partitions are listened to from their end",
        "kafka/listener",
        "await consumer.seek_to_beginning(partition)",
        "await consumer.seek_to_end(partition)",
        "tests/test_kafka_changes.py",
    ),
    Mutant(
        "Kafka: partitions that go elsewhere are not finished",
        "kafka/consumer",
        "_, late = await asyncio.wait(tasks, timeout=grace)",
        "late = tasks",
        "tests/test_kafka_groups.py",
    ),
    Mutant(
        "Kafka: of a batch that is refused all are refused",
        "kafka/publisher",
        "                await self._single.write(send, seconds)\n",
        "                raise\n",
        "tests/test_kafka.py",
    ),
    Mutant(
        "Inbox: the source is no part of the identity",
        "inbox",
        "make_digest(message.source, message.id)",
        'make_digest("", message.id)',
        "tests/test_inbox.py",
    ),
    Mutant(
        "Inbox: a copy is a failure",
        "handling",
        "        except DuplicateMessageError:",
        "        except ZeroDivisionError:",
        "tests/test_inbox_copies.py",
    ),
    Mutant(
        "Outbox: a lost connection ends a topic's deferral",
        "outbox/settling",
        "        elif outcome.failure is None:\n",
        "        else:\n",
        DEFERRAL,
    ),
    Mutant(
        "Outbox: later events overtake deferred ones",
        "outbox/batch",
        "if row.topic in deferred or row.topic in outcome.unavailable:",
        "if row.topic in outcome.unavailable:",
        DEFERRAL,
    ),
    Mutant(
        "Outbox: what was published before a failure is published again",
        "outbox/relay",
        "                await settle(session, outcome)\n",
        "                if outcome.failure is None:\n"
        "                    await settle(session, outcome)\n",
        "tests/test_outbox_failures.py",
    ),
    Mutant(
        "Outbox: what the broker refuses for good is deleted",
        "outbox/settling",
        "    for row, error in outcome.refused:\n",
        "    refused, outcome.refused = outcome.refused, []\n"
        "    if refused:\n"
        "        gone = [row for row, _ in refused]\n"
        "        await run(session, delete(OutboxMessage).where(is_one_of(gone)))\n"
        "    for row, error in outcome.refused:\n",
        "tests/test_outbox_failures.py",
    ),
    Mutant(
        "Retries: deaths are no attempts",
        "delivery",
        "attempt = message.attempt + incoming.deaths",
        "attempt = message.attempt",
        "tests/test_delivery_attempts.py",
    ),
    Mutant(
        "Retries: a rejected message is tried again",
        "delivery",
        "if is_rejection(failure):",
        "if attempt < 0:",
        ENDS,
    ),
    Mutant(
        "Retries: a message whose dead letter is refused is handled again",
        "delivery",
        "if held := self._find_held(incoming):",
        "if held := None:",
        ENDS,
    ),
    Mutant(
        "Outages: one too many before it is a failure",
        "outage",
        "if self._answers >= PATIENCE and not self._insist:",
        "if self._answers > PATIENCE and not self._insist:",
        "tests/test_outage.py",
    ),
    Mutant(
        "Outages: one that goes on counts again in each process",
        "outage",
        "while dependency := await self._outage.find_silent():",
        'while dependency := "":',
        "tests/test_outage_suspects.py",
    ),
    Mutant(
        "Outages: who meets it first waits in hand",
        "outage",
        "        async with at_rest(outages):\n"
        "            await self._over.wait()\n\n    async def _probe",
        "        await self._over.wait()\n\n    async def _probe",
        SUSPECT_DELIVERY,
    ),
)
