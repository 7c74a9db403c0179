"""Print what was measured, as Markdown: `python -m benchmarks [http] [lists] [--rounds N]`."""

import argparse
import sys

import pytest

from benchmarks import serving
from benchmarks.errors import BenchmarkError

BENCHMARKS = {"http": serving}


def main() -> int:
    """Run what is named, or all, and fail when a goal is missed."""
    options = make_parser().parse_args()
    is_missed = False
    try:
        for name in options.names or BENCHMARKS:
            benchmark = BENCHMARKS[name]
            table = benchmark.run(options.rounds or benchmark.ROUNDS)
            sys.stdout.write(f"{table}\n\n")
            sys.stdout.flush()
            is_missed |= table.is_missed
    except (BenchmarkError, pytest.fail.Exception) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        return 130
    return int(is_missed)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--rounds", type=count, help="how often each is measured")
    return parser


def count(text: str) -> int:
    """Return a number of rounds; raises ValueError for less than one."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
