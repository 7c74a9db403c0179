"""Print what was measured, as Markdown: `python -m benchmarks [NAME ...] [--rounds N]`."""

import argparse
import os
import sys
from typing import TextIO

import pytest

from benchmarks import articles, consuming, gateway, lists, logs, outbox, publishing, serving, tasks
from benchmarks.errors import BenchmarkError
from tools.servers import ServerError

BENCHMARKS = {
    "http": serving,
    "lists": lists,
    "loki": logs,
    "publish": publishing,
    "consume": consuming,
    "outbox": outbox,
    "tasks": tasks,
    "gateway": gateway,
    "articles": articles,
}


def main() -> int:
    """Run what is named, or all, and fail when a goal is missed."""
    options = make_parser().parse_args()
    tables = divert_output()
    is_missed = False
    try:
        for name in options.names or BENCHMARKS:
            benchmark = BENCHMARKS[name]
            table = benchmark.run(options.rounds or benchmark.ROUNDS)
            tables.write(f"{table}\n\n")
            tables.flush()
            is_missed |= table.is_missed
    except (BenchmarkError, ServerError, pytest.fail.Exception) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        return 130
    return int(is_missed)


def divert_output() -> TextIO:
    """Return standard output, and send what others write there to standard error."""
    # What cookiecutter's hooks say must not stand between the tables.
    kept = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return kept


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", type=known, help=f"of {', '.join(BENCHMARKS)}"
    )
    parser.add_argument("--rounds", type=count, help="how often each is measured")
    return parser


def known(name: str) -> str:
    """Return the name of a benchmark; raises ArgumentTypeError for another one."""
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(BENCHMARKS)}")
    return name


def count(text: str) -> int:
    """Return a number of rounds; raises ArgumentTypeError for less than one."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
