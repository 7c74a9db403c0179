"""The queues of a group on RabbitMQ, with their arguments, and the exchange before them."""

from collections.abc import Mapping

from app.utils.topology import Group

EXCHANGE = "events"
# How often a message may come before RabbitMQ itself puts it aside: only if all else failed, and
# never for being looked at.
LAST_RESORT = 1000
NEVER = 1_000_000_000

Arguments = Mapping[str, str | int]


def name_suspects(group: Group) -> str:
    """Return the place of the messages that may have killed a process; see `GroupIntake`."""
    return f"{group.name}.suspects"


def name_requests(group: Group) -> str:
    """Return the place of the requests that a group answers."""
    return f"{group.name}.requests"


def list_queues(group: Group) -> dict[str, Arguments]:
    """Return the group's queues with their arguments, each after those that it leads to."""
    kind: Arguments = {
        "x-queue-type": "quorum",
        "x-quorum-initial-group-size": group.topic.topology.replicas,
    }
    working = {**kind, "x-delivery-limit": LAST_RESORT, **lead_to(group.dead)}
    resting = {**kind, "x-delivery-limit": NEVER, **lead_to(group.name)}
    return {
        group.dead: {**kind, "x-delivery-limit": NEVER},
        name_suspects(group): working,
        group.name: working,
        **{
            rung: {**resting, "x-message-ttl": round(seconds * 1000)}
            for rung, seconds in group.rungs.items()
        },
    }


def lead_to(queue: str) -> dict[str, str]:
    """Return the arguments of a queue whose messages end in another, without a loss between."""
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
