"""Deferred topics of the outbox: which the broker does not take now, and whose turn it is to try.

Each shard keeps its own record of them, in its row, so that only the relay that has locked the
shard changes it. All shards together tell when a topic is tried again, and in which shard: once
in a while a single message is at stake, not one of each shard.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import TypedDict

from app.database_errors import make_storable
from app.utils.broker_errors import PublishError, UnroutableError

ERROR_LENGTH = 500
FIRST_DELAY_SECONDS = 1.0
MAX_DELAY_SECONDS = 60.0


class Deferral(TypedDict):
    """Why and since when a topic is deferred in a shard, and when it was last tried there."""

    reason: str
    """`unroutable` or `unavailable`."""
    error: str
    since: float
    tried_at: float
    delay: float
    """For how many seconds after that no shard tries the topic again."""


Deferred = Mapping[str, Deferral]
"""The deferred topics of a shard."""


def find_due(shards: Mapping[int, Deferred], time: float) -> dict[int, list[str]]:
    """Return the topics that are to be tried now, by the shard whose turn it is.

    The shard that tried last, or has deferred the topic last, says how long to wait; then it is
    the turn of the one that has not tried for the longest time, so that each gets on.
    """
    due: dict[int, list[str]] = defaultdict(list)
    for topic in {topic for deferred in shards.values() for topic in deferred}:
        tried = {shard: each[topic] for shard, each in shards.items() if topic in each}
        newest = max(tried.values(), key=lambda each: each["tried_at"])
        if newest["tried_at"] + newest["delay"] <= time:
            due[min(tried, key=lambda shard: (tried[shard]["tried_at"], shard))].append(topic)
    return due


def find_newest(shards: Mapping[int, Deferred]) -> dict[str, Deferral]:
    """Return what the last try of each deferred topic has shown, in whichever shard it was."""
    newest: dict[str, Deferral] = {}
    for deferred in shards.values():
        for topic, each in deferred.items():
            if topic not in newest or each["tried_at"] > newest[topic]["tried_at"]:
                newest[topic] = each
    return newest


def begin_deferral(last: Deferral | None, error: PublishError, time: float) -> Deferral:
    """Return the record of a topic whose messages were refused here for the first time.

    Another shard may have tried it before.
    """
    return Deferral(
        reason="unroutable" if isinstance(error, UnroutableError) else "unavailable",
        error=make_storable(str(error), ERROR_LENGTH),
        since=time,
        tried_at=time,
        delay=last["delay"] if last else FIRST_DELAY_SECONDS,
    )


def go_on(
    here: Deferral, last: Deferral, error: PublishError, time: float, moved: bool
) -> Deferral:
    """Return the record of a topic that was tried again, and refused again.

    It waits twice as long as after the last try in any shard, or half as long if some of its
    messages were taken.
    """
    delay = last["delay"] / 2 if moved else last["delay"] * 2
    delay = min(max(delay, FIRST_DELAY_SECONDS), MAX_DELAY_SECONDS)
    return {**begin_deferral(last, error, time), "since": here["since"], "delay": delay}
