"""Show services made of this template, and update them: all, or those that are named."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.fleet.finding import Member, choose, find
from tools.fleet.looking import look_at_all, tell
from tools.fleet.updating import GOOD, Order, Report, summarise, update_all
from tools.updates import UpdateRefusedError
from tools.updates.template import Template

TEMPLATE = Path(__file__).resolve().parents[2]
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None, template: Path = TEMPLATE) -> int:
    """Do what the command line asks for."""
    options = read_arguments(arguments)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        members = find(options.folders)
        if options.update is None:
            return show(members, template)
        order = Order(template, check=not options.no_check, commit=options.commit)
        return run_updates(choose(members, options.update), order)
    except UpdateRefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./just fleet", description=__doc__)
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="FOLDER", help="a service, or what holds services"
    )
    parser.add_argument(
        "--update", nargs="*", metavar="NAME", help="update these services, or all of them"
    )
    parser.add_argument("--no-check", action="store_true", help="do not run their checks")
    parser.add_argument("--commit", action="store_true", help="commit each that was updated")
    options = parser.parse_args(arguments)
    if options.update is None and (options.no_check or options.commit):
        parser.error("--no-check and --commit go with --update")
    return options


def show(members: Sequence[Member], template: Path) -> int:
    """Print the table of services."""
    today = Template(template)
    looks = look_at_all(members, template, show_progress)
    show_progress("")
    print(f"The template is at {today.latest}.\n")
    for line in tell(looks, today.read_questions(today.latest.commit)):
        print(line)
    return 0


def show_progress(line: str) -> None:
    """Show where it is, to somebody who watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}")
        sys.stderr.flush()


def run_updates(members: Sequence[Member], order: Order) -> int:
    """Update services, and say what has become of them, also when that is interrupted."""
    reports: list[Report] = []
    try:
        # One after the other, so that what is done so far is known whatever ends it.
        reports.extend(update_all(members, order, say))
    finally:
        left = len(members) - len(reports)
        print("\n".join(["", *summarise(reports, left, commit=order.commit)]), flush=True)
    return 0 if all(report.result in GOOD for report in reports) else 1


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
