"""A batch of the outbox on its way to the broker: in order for each key, else all at once."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.core.message_metrics import publish
from app.core.message_spans import trace_publish
from app.tables import OutboxMessage
from app.utils.broker_errors import MessageRefusedError, PublishError, UnroutableError
from app.utils.message_broker import MessageBroker


@dataclass
class Outcome:
    """What became of the messages of a batch; one that is not named here has to be tried again."""

    published: list[OutboxMessage] = field(default_factory=list)
    put_off: list[OutboxMessage] = field(default_factory=list)
    """Nobody listens to their topics."""
    refused: list[tuple[OutboxMessage, str]] = field(default_factory=list)
    """The broker will never take them; with what it said."""
    failure: Exception | None = None
    """Why the batch ended early, if it did."""


async def publish_batch(
    broker: MessageBroker,
    rows: Iterable[OutboxMessage],
    silent_topics: Iterable[str],
    *,
    seconds: float,
) -> Outcome:
    """Publish these messages, oldest first, within so many seconds.

    Those of a key go one after the other, those of different keys at once. Nothing new begins
    after the first failure. A topic that nobody listens to is left alone from then on, and with
    it all of its messages, so that none overtakes another; other topics' messages pass, as no
    broker keeps order between topics.
    """
    lanes: dict[str, list[OutboxMessage]] = defaultdict(list)
    for row in rows:
        lanes[row.message_id if row.key is None else f"key {row.key}"].append(row)
    outcome, silent = Outcome(), set(silent_topics)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(
                *(publish_lane(broker, lane, silent, outcome) for lane in lanes.values())
            )
    except TimeoutError:
        outcome.failure = PublishError(f"not confirmed within {seconds:g} seconds")
    return outcome


async def publish_lane(
    broker: MessageBroker, lane: Sequence[OutboxMessage], silent: set[str], outcome: Outcome
) -> None:
    """Publish messages one after the other, and note what becomes of each."""
    for row in lane:
        if outcome.failure is not None:
            return
        if row.topic in silent:
            outcome.put_off.append(row)
            continue
        try:
            with trace_publish(broker, row.to_envelope()) as message:
                await publish(broker, message)
        except UnroutableError:
            silent.add(row.topic)
            outcome.put_off.append(row)
        except MessageRefusedError as error:
            outcome.refused.append((row, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the message has to stay
            outcome.failure = error
        else:
            outcome.published.append(row)
