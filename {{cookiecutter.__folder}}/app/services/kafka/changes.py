"""Topics that change while they are read: more partitions, or made again under their name."""

import asyncio
from collections.abc import Collection

from app.services.kafka.admin import Admin, Cluster
from app.utils.broker_errors import BrokerError, BrokerUnavailableError
from app.utils.topology import Group

LOOK_SECONDS = 3.0
# All topics are listed for it, which may be thousands.
LOOK_FOR_RUNGS_SECONDS = 60.0


async def wait_for_change(
    admin: Admin, topics: Collection[str], known: Cluster, group: Group | None = None
) -> Cluster:
    """Return what there is of the topics as soon as that is not what is known.

    The client itself would look every five minutes, and sees no difference between a topic and
    another of its name. Raises BrokerUnavailableError when another version of the service has made
    a retry topic of the group, which has to be read too.
    """
    clock = asyncio.get_running_loop().time
    look_for_rungs_at = clock() + LOOK_FOR_RUNGS_SECONDS
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        others: Collection[str] = ()
        try:
            found = await admin.describe(topics)
            if group and clock() >= look_for_rungs_at:
                look_for_rungs_at = clock() + LOOK_FOR_RUNGS_SECONDS
                others = await find_other_rungs(admin, group)
        except BrokerError:
            continue
        if new := sorted({*others} - {*topics}):
            raise BrokerUnavailableError(f"not read yet: {', '.join(new)}")
        if is_larger(found, known) or is_replaced(found, known):
            return found


def is_larger(found: Cluster, known: Cluster) -> bool:
    """Tell whether there are partitions that were not there before."""
    return not {*found.partitions} <= {*known.partitions}


def is_replaced(found: Cluster, known: Cluster) -> bool:
    """Tell whether a topic was deleted, and perhaps another of its name made."""
    return not {*known.topics} <= {*found.topics} or any(
        known.ids.get(topic, each) != each for topic, each in found.ids.items()
    )


async def find_other_rungs(admin: Admin, group: Group) -> dict[str, float]:
    """Return the topics of delays that the group's ladder does not have, which may hold messages.

    Nothing else would ever try these messages again, or count them.
    """
    return group.find_other_rungs(await admin.list_topics())
