"""Update a service, or compare it with its template; the service's own recipes call this."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tools.origin import name_address
from tools.updates import Outcome, UpdateRefusedError, diff, inspect, update
from tools.updates.linking import link
from tools.updates.telling import tell_conflicts, tell_drift, tell_plan, tell_result
from tools.updates.template import Template

TEMPLATE = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for."""
    options = read_arguments(sys.argv[1:] if arguments is None else arguments)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        return int(options.run(options))
    except UpdateRefusedError as refusal:
        return complain(str(refusal), 1)
    except OSError as error:
        return complain(f"Nothing was changed: {error}.", 1)
    except (KeyboardInterrupt, EOFError):
        return complain("\nStopped: nothing was changed.", 130)


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line: COMMAND SERVICE, and what was typed after the recipe."""
    runs = {"update": run_update, "diff": run_diff, "check": run_check}
    parser = argparse.ArgumentParser(prog="python -m tools.updates", description=__doc__)
    parser.add_argument("command", choices=runs)
    command = parser.parse_args(arguments[:1]).command
    run = runs[command]
    parser = argparse.ArgumentParser(prog=f"./just template-{command}", description=run.__doc__)
    parser.set_defaults(run=run)
    parser.add_argument("service", type=Path, help=argparse.SUPPRESS)
    # The service's tools/template.py reads these two as well, to know what to clone.
    parser.add_argument("--template", metavar="ADDRESS", help="where the template is now")
    parser.add_argument("--version", help="a version, a tag, a branch or a commit of the template")
    if command == "update":
        add_update(parser)
    if command == "diff":
        parser.add_argument("--exit-code", action="store_true", help="exit with 1 if there is any")
    # Answers may stand before options and after them.
    return parser.parse_intermixed_args(arguments[1:])


def add_update(parser: argparse.ArgumentParser) -> None:
    """Add what an update can be told."""
    parser.add_argument("answers", nargs="*", metavar="NAME=VALUE", help="answers a question")
    for option, text in {
        "--yes": "do not ask before it starts",
        "--no-input": "ask nothing: new questions are answered by their defaults",
        "--merge": "put conflicts in, to be resolved in the files",
        "--no-check": "do not try the service's checks first",
    }.items():
        parser.add_argument(option, action="store_true", help=text)
    parser.add_argument("--link", metavar="ADDRESS", help="only write .cruft.json again")


def run_update(options: argparse.Namespace) -> int:
    """Bring the service to a version of the template; any question can be answered anew."""
    if options.link:
        print(link(options.service, TEMPLATE, name_template(options.link)))
        return 0
    ask = sys.stdin.isatty() and not options.no_input
    outcome = update(
        options.service,
        template=TEMPLATE,
        answers=split_answers(options.answers),
        ask=ask,
        merge=options.merge,
        check=not options.no_check,
        say=say,
        confirm=make_confirm(ask=ask and not options.yes),
        address=name_template(options.template) if options.template else None,
    )
    if not outcome.needed:
        print(f"Nothing to do: the service is at {outcome.after}.")
    elif outcome.applied:
        print_lines(tell_result(outcome))
    elif outcome.conflicts:
        print_lines([*tell_plan(outcome), *tell_conflicts(outcome)])
        return complain(
            f"Nothing was changed: {len(outcome.conflicts)} of the template's files would have "
            "conflicts. Take your change out of the file, or add --merge to resolve them in it.",
            1,
        )
    else:
        return complain("Stopped: nothing was changed.", 130)
    return 0


def name_template(address: str) -> str:
    """Return what the service remembers of the address that was typed."""
    return name_address(address, Template(TEMPLATE).latest.commit)


def make_confirm(*, ask: bool) -> Callable[[Outcome], bool]:
    """Return what shows a plan and asks whether to go on."""

    def confirm(outcome: Outcome) -> bool:
        print_lines([*tell_plan(outcome), *tell_conflicts(outcome)])
        if not ask:
            return True
        return input("Go on? [Y/n] ").strip().lower() in ("", "y", "yes")

    return confirm


def run_diff(options: argparse.Namespace) -> int:
    """Show what was changed in the template's files of the service since they were rendered."""
    text = diff(options.service, TEMPLATE)
    sys.stdout.write(text)
    return 1 if text and options.exit_code else 0


def run_check(options: argparse.Namespace) -> int:
    """Say in one line whether the template has a newer version or its files were edited."""
    drift = inspect(options.service, TEMPLATE)
    print(tell_drift(drift))
    return 1 if drift.behind or drift.edited or drift.deleted else 0


def split_answers(arguments: Sequence[str]) -> dict[str, str]:
    """Split NAME=VALUE arguments; raises UpdateRefusedError."""
    answers = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise UpdateRefusedError(f"{argument} is no answer: write NAME=VALUE.")
        answers[name] = value
    return answers


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, each as it is."""
    for line in lines:
        print(line)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def complain(sentence: str, status: int) -> int:
    """Say what is wrong, and return the status to exit with."""
    print(sentence, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
