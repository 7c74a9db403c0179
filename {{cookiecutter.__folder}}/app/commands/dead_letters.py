"""Look at dead letters, and hand them to their group again or delete them; consumers may run."""

import argparse
import asyncio
import sys
from collections.abc import Mapping

from app.core.config import load_core_settings
from app.core.errors import StartupError
from app.core.logger_config import quieten_libraries
from app.lifespan import open_broker
from app.services.dead_letters import DeadLetters
from app.tasks.consumer import consumer
from app.utils.broker_errors import BrokerError
from app.utils.dead_letter import PREFIX
from app.utils.dead_letter_frames import SEPARATOR
from app.utils.envelope import Envelope
from app.utils.topology import Group

STEP = 1000


def read_options() -> argparse.Namespace:
    """Return what was asked for; exit with usage otherwise."""
    parser = argparse.ArgumentParser(prog="just dlq", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="count them; name a subscription to list its own")
    listing.add_argument("subscription", nargs="?")
    show = actions.add_parser("show", help="show one with its body")
    show.add_argument("subscription")
    show.add_argument("ids", nargs=1, metavar="id")
    replay = actions.add_parser("replay", help="hand them to the subscription again")
    purge = actions.add_parser("purge", help="delete them for good")
    replay.add_argument("--as-new", action="store_true", help="with new ids, to rebuild a view")
    for action in (replay, purge):
        action.add_argument("subscription")
        action.add_argument("ids", nargs="*", metavar="id")
        action.add_argument("--all", action="store_true", help="all of them")
        action.add_argument("--dry-run", action="store_true", help="only say which")
    options = parser.parse_args()
    if options.action in ("replay", "purge") and bool(options.ids) == options.all:
        parser.error("name ids, or say --all")
    return options


async def run(options: argparse.Namespace) -> None:
    """Do what was asked for; raises StartupError, one sentence, when it cannot be done."""
    core = load_core_settings()
    groups = {each.name: each for each in consumer.list_groups(core.service.name)}
    known = {name.removeprefix(f"{core.service.name}."): group for name, group in groups.items()}
    if core.broker.is_memory:
        raise StartupError("BROKER_URL: the dead letters of a broker in memory end with it")
    async with open_broker(core) as broker:
        if options.subscription is None:
            for name, group in known.items():
                print(f"{(await broker.count(group))[group.dead]:>8}  {name}")
            return
        letters = DeadLetters(broker=broker, group=find(options.subscription, known))
        if options.action == "list":
            await list_letters(letters)
        elif options.action == "show":
            await show_letter(letters, options.ids[0])
        else:
            await change(letters, options)


def find(name: str, known: Mapping[str, Group]) -> Group:
    """Return the group of a subscription; raises StartupError when there is none."""
    if name not in known:
        raise StartupError(f"{name} is no subscription; there are: {', '.join(known) or 'none'}")
    return known[name]


async def list_letters(letters: DeadLetters) -> None:
    """Print a line for each, oldest first."""
    async for message in letters.broker.browse(letters.group.dead):
        end = describe_end(message)
        attempts = f"{end['attempts']} attempt{'s' * (end['attempts'] != '1')}"
        print(f"{message.id}  {end['time']}  {end['reason']} after {attempts}: {end['error']}")


async def show_letter(letters: DeadLetters, identity: str) -> None:
    """Print everything that is known of one; raises StartupError when it is not there."""
    # To the end, where the broker gets them back.
    dead = letters.broker.browse(letters.group.dead)
    found = [each async for each in dead if each.id == identity]
    if not found:
        raise StartupError(f"{identity} is not among the dead letters of {letters.group.name}")
    message = found[0]
    facts = {
        "id": message.id,
        "topic": message.topic,
        "key": message.key or "",
        "source": message.source,
        "sent": message.time.isoformat(),
        **describe_end(message),
    }
    for name, value in facts.items():
        print(f"{name:<9} {value}")
    for frame in filter(None, message.headers.get(f"{PREFIX}frames", "").split(SEPARATOR)):
        print(f"{'at':<9} {frame}")
    if trimmed := message.headers.get(f"{PREFIX}trimmed"):
        print(f"{'trimmed':<9} {trimmed}")
    print(f"\n{message.body.decode('utf-8', 'backslashreplace')}")


async def change(letters: DeadLetters, options: argparse.Namespace) -> None:
    """Replay or purge those that were named, or all; raises StartupError when none is there."""
    wanted, missing, seen = set(options.ids), set(options.ids), 0

    def choose(message: Envelope) -> bool:
        nonlocal seen
        seen += 1
        if seen % STEP == 0:
            print(f"{seen} looked at", file=sys.stderr)
        missing.discard(message.id)
        return options.all or message.id in wanted

    if options.dry_run:
        found = [each async for each in letters.broker.browse(letters.group.dead)]
        done = sum(print_chosen(each.id) for each in found if choose(each))
    elif options.action == "replay":
        done = await letters.replay(choose, as_new=options.as_new)
    else:
        done = await letters.purge(choose)
    verb = {"replay": "replayed", "purge": "deleted"}[options.action]
    print(f"{'would be ' if options.dry_run else ''}{verb}: {done}")
    if letters.refused:
        raise StartupError(f"refused by the broker, so still there: {', '.join(letters.refused)}")
    if missing:
        raise StartupError(f"not among the dead letters: {', '.join(sorted(missing))}")


def print_chosen(identity: str) -> int:
    """Print an id, and count it."""
    print(identity)
    return 1


def describe_end(message: Envelope) -> dict[str, str]:
    """Return what is known of a message's end."""
    names = ("reason", "error", "attempts", "origin", "time")
    return {name: message.headers.get(f"{PREFIX}{name}", "unknown") for name in names}


def main() -> None:
    """Do what was asked for; exit with one line when it cannot be done."""
    quieten_libraries()
    try:
        asyncio.run(run(read_options()))
    except (StartupError, BrokerError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
