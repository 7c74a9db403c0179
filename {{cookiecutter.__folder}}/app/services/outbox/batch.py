"""A batch of the outbox on its way to the broker: in order for each key, else all at once."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from app.core.message_metrics import publish
from app.core.message_spans import trace_publish
from app.tables import OutboxMessage
from app.utils.broker_errors import (
    MessageRefusedError,
    PublishError,
    TopicUnavailableError,
    UnroutableError,
)
from app.utils.message_broker import MessageBroker

# After so many seconds nothing new begins: the transaction must not stay open for as long as a
# broker is slow, and what is left is next.
BEGIN_SECONDS = 5.0


@dataclass
class Outcome:
    """What became of the messages of a batch; one that is not named here has to be tried again."""

    published: list[OutboxMessage] = field(default_factory=list)
    put_off: list[OutboxMessage] = field(default_factory=list)
    """The broker does not take their topics now."""
    refused: list[tuple[OutboxMessage, str]] = field(default_factory=list)
    """The broker will never take them; with what it said."""
    unavailable: dict[str, PublishError] = field(default_factory=dict)
    """The topics that the broker did not take a message of, with what it said."""
    failure: Exception | None = None
    """Why the batch ended early, if it did."""


async def publish_batch(
    broker: MessageBroker,
    rows: Iterable[OutboxMessage],
    deferred: Collection[str] = (),
    careful: Collection[str] = (),
    *,
    seconds: float,
) -> Outcome:
    """Publish these messages, oldest first, within so many seconds.

    Those of a key go one after the other, those of different keys at once. Nothing new begins
    after the connection is lost. A topic that the broker does not take is left alone from then
    on, and with it all of its messages, so that none overtakes another; other topics' messages
    pass, as no broker keeps order between topics. Messages of deferred topics are not tried at
    all, those of topics to be careful with one after the other: of what a queue refuses, its
    neighbours get a copy each time.
    """
    lanes: dict[str, list[OutboxMessage]] = defaultdict(list)
    for row in rows:
        if row.topic in careful:
            lanes[f"topic {row.topic}"].append(row)
        else:
            lanes[row.message_id if row.key is None else f"key {row.key}"].append(row)
    outcome = Outcome()
    begin_until = asyncio.get_running_loop().time() + BEGIN_SECONDS
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(
                *(
                    publish_lane(broker, lane, deferred, outcome, begin_until)
                    for lane in lanes.values()
                )
            )
    except TimeoutError:
        outcome.failure = PublishError(f"not confirmed within {seconds:g} seconds")
    return outcome


async def publish_lane(
    broker: MessageBroker,
    lane: Sequence[OutboxMessage],
    deferred: Collection[str],
    outcome: Outcome,
    begin_until: float,
) -> None:
    """Publish messages one after the other, and note what becomes of each."""
    loop = asyncio.get_running_loop()
    for row in lane:
        if outcome.failure is not None or loop.time() > begin_until:
            return
        if row.topic in deferred or row.topic in outcome.unavailable:
            outcome.put_off.append(row)
            continue
        try:
            with trace_publish(broker, row.to_envelope()) as message:
                await publish(broker, message)
        except (UnroutableError, TopicUnavailableError) as error:
            outcome.unavailable.setdefault(row.topic, error)
            outcome.put_off.append(row)
        except MessageRefusedError as error:
            outcome.refused.append((row, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the message has to stay
            outcome.failure = error
        else:
            outcome.published.append(row)
