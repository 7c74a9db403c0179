"""Do harm to services at work: `./just drills NAME...`, `--core` for CI, `--all` for everything."""

import argparse
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import product

import pytest

from drills import deaths, messages, others, outages
from drills.catalogue import DRILLS, Drill
from drills.errors import DrillError
from drills.grounds import BROKERS, DATABASES, Grounds, open_grounds
from drills.opening import find_folder, open_scene
from drills.progress import report
from drills.results import Result, make_table
from drills.scene import STOP_SECONDS, Scene
from drills.verdicts import STEPS, judge
from tools.servers import ServerError

# What enters drills into the catalogue by being imported.
MODULES = (deaths, outages, messages, others)
CORE_MESSAGES, ALL_MESSAGES = 2_000, 10_000
LEAST_MESSAGES = 100


def main() -> int:
    """Run what is asked for, print a table, and fail when a drill has failed."""
    parser = make_parser()
    options = parser.parse_args()
    if options.list:
        list_drills()
        return 0
    chosen = choose_drills(options)
    if not chosen:
        parser.error("name drills, or --core or --all; --list tells their names")
    # As Ctrl-C does: what was started is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not options.broker:
        return run_side_by_side(sys.argv[1:])
    everything = list(DATABASES) if options.all else ["postgresql"]
    databases = [options.database] if options.database else everything
    number = options.messages or (ALL_MESSAGES if options.all else CORE_MESSAGES)
    results: list[Result] = []
    try:
        with open_grounds(options.broker, databases) as grounds:
            for database, drill in product(databases, chosen):
                results.append(run(drill, grounds, options.broker, database, number))
    except (DrillError, ServerError, OSError, pytest.fail.Exception) as error:
        sys.exit(f"drills: {error}")
    except KeyboardInterrupt:
        return 130
    finally:
        if results:
            print(make_table(results))
    return int(any(not result.is_good for result in results))


def run_side_by_side(arguments: list[str]) -> int:
    """Do the same on each broker at once: most of it is waiting. Fail when one has failed."""
    command = [sys.executable, "-m", "drills", *arguments, "--broker"]
    runs = [subprocess.Popen([*command, broker]) for broker in BROKERS]
    try:
        codes = [each.wait() for each in runs]
        return int(any(codes))
    except KeyboardInterrupt:
        for each in runs:
            each.terminate()
        for each in runs:
            each.wait()
        return 130


def run(drill: Drill, grounds: Grounds, broker: str, database: str, count: int) -> Result:
    """Run one drill and return what came of it."""
    began = time.monotonic()
    title = f"{drill.name}, {broker}, {database}"
    report(f"{title}: {drill.summary}")
    try:
        with open_scene(grounds, drill, broker, database, count) as scene:
            result = examine(drill, scene, Result(drill.name, broker, database))
    except DrillError as error:
        result = Result(drill.name, broker, database, problems=[str(error)])
    for problem in result.problems:
        report(f"  WRONG: {problem}")
    if not result.is_good:
        report(f"  logs: {find_folder(drill, broker, database)}")
    report(f"{title}: {result.verdict}, in {time.monotonic() - began:.0f} s")
    return result


def examine(drill: Drill, scene: Scene, result: Result) -> Result:
    """Do the harm, wait until all is quiet, stop everything, and look at what there is."""
    check = drill.harm(scene)
    scene.wait_until_quiet()
    if check is not None:
        check()
    scene.crew.stop_all(STOP_SECONDS)
    found = scene.find()
    return replace(
        result,
        messages=len(found.accepted) * len(STEPS),
        effects=len(found.effects),
        dead=len(found.dead),
        recovery=scene.measure_recovery(),
        problems=judge(scene.expected, found),
    )


def choose_drills(options: argparse.Namespace) -> list[Drill]:
    """Return the drills that are asked for, each once."""
    return [
        each
        for each in DRILLS.values()
        if options.all or (options.core and each.is_core) or each.name in options.names
    ]


def list_drills() -> None:
    """Print every drill and what it does."""
    width = max(map(len, DRILLS))
    for each in DRILLS.values():
        print(f"{each.name:{width}}  {each.summary}{' (core)' if each.is_core else ''}")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="drills", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", type=known, help="what to run")
    parser.add_argument("--core", action="store_true", help="run what CI runs")
    parser.add_argument("--all", action="store_true", help="run everything, on both databases")
    parser.add_argument("--list", action="store_true", help="tell the drills and end")
    parser.add_argument("--broker", choices=BROKERS, help="only on this one (both)")
    parser.add_argument("--database", choices=DATABASES, help="on this one (postgresql)")
    parser.add_argument(
        "--messages",
        type=count,
        help=f"how many, two for each order ({CORE_MESSAGES:,}; {ALL_MESSAGES:,} with --all)",
    )
    return parser


def known(name: str) -> str:
    """Return the name of a drill; raises ArgumentTypeError for another one."""
    if name not in DRILLS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(DRILLS)}")
    return name


def count(text: str) -> int:
    """Return a number of messages; raises ArgumentTypeError for too few to be in the middle of."""
    if not text.isdecimal() or int(text) < LEAST_MESSAGES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {LEAST_MESSAGES} on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
