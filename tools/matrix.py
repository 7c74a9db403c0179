"""Run suites, drills and samples on servers of other versions: `python -m tools.matrix WORD...`.

Words are those of `./just servers`: `newest`, `oldest`, `rabbitmq=4.3`, `mariadb=mysql`. Prints a
row of the table in docs/compatibility.md; what each part says is kept in `build/matrix`.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tools.servers import NAMES, ServerError, attach, ensure, stop
from tools.servers.versions import BUILD, VARIABLE, choose_home, read_versions

FOLDER = BUILD / "matrix"
JUST = str(BUILD.parent / "just")


@dataclass(frozen=True)
class Part:
    """Something that is run on the servers, by one command."""

    name: str
    command: tuple[str, ...]


SUITES = ("tests/test_covering_set.py", "-k", "test_member_passes")
PARTS = (
    Part("suites", (JUST, "test", "-q", *SUITES)),
    Part("outages", (JUST, "test", "-q", "tests/test_outages.py")),
    Part("tasks", (JUST, "example", "tasks", "--once")),
    Part("dev-talk", (JUST, "example", "dev-talk", "--once")),
    Part("drills", (JUST, "drills", "--core")),
)


def main() -> int:
    """Do what the command line says; return 1 when a part failed."""
    options = _parser().parse_args()
    words: list[str] = options.words or ["newest"]
    try:
        versions = start(words)
        results = [run(part, words) for part in PARTS if part.name in options.only]
    except ServerError as error:
        sys.exit(str(error))
    finally:
        stop(home=choose_home(words))
    names = ", ".join(f"{name} {version}" for name, version in versions.items())
    print(f"| {names} | {'; '.join(results)} | {datetime.now(UTC):%Y-%m-%d} |")
    return int(any("failed" in result for result in results))


def start(words: Sequence[str]) -> dict[str, str]:
    """Start the servers and return which versions they say they are."""
    home = choose_home(words)
    ensure(NAMES, versions=read_versions(words), home=home, report=say)
    return {name: attach(name, home=home).read_version() for name in NAMES}


def run(part: Part, words: Sequence[str]) -> str:
    """Run a part on the servers of the words and return in short how it went."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = FOLDER / f"{choose_home(words).name}-{part.name}.log"
    say(f"{part.name}: running, see {log} ...")
    began = time.monotonic()
    # Where the environment names servers, others than these would be used.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TEST_")
    }
    with log.open("w") as file:
        code = subprocess.run(
            part.command,
            env={**environment, VARIABLE: " ".join(words)},
            stdout=file,
            stderr=file,
            check=False,
        ).returncode
    result = "passed" if code == 0 else "failed"
    say(f"{part.name}: {result} after {time.monotonic() - began:.0f} s")
    return f"{part.name} {result}"


def say(line: str) -> None:
    """Write a line of progress."""
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="matrix", description="Try servers of other versions.")
    meant = "newest (default), oldest, or NAME=VERSION"
    parser.add_argument("words", nargs="*", metavar="WORD", help=meant)
    names = [part.name for part in PARTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="these parts")
    return parser


if __name__ == "__main__":
    sys.exit(main())
