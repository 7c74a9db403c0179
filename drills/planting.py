"""Plant bugs in a service, one at a time, and look whether its tests notice: `./just mutants`."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from drills.mutants import MUTANTS, Mutant
from tests.combinations import DEFAULT
from tests.programs import run
from tests.recipes import make_service
from tools.servers import KINDS, ServerError, ensure

# A bug may keep a test from ending.
MOST_SECONDS = 150.0
FAILED = 1
NAMES = ("rabbitmq", "kafka", "postgresql")


def main() -> int:
    """Plant what is named, or all; return 1 when one was not noticed."""
    parser = argparse.ArgumentParser(prog="just mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="plant those whose names contain one of these")
    parser.add_argument("--list", action="store_true", help="print their names and plant none")
    options = parser.parse_args()
    chosen = choose(MUTANTS, options.words)
    if options.list:
        print("\n".join(f"{each.name}: {each.tests}" for each in chosen))
        return 0
    if not chosen:
        parser.error("no name contains that; --list tells them")
    try:
        variables = {KINDS[name].variable: url for name, url in ensure(NAMES).items()}
    except ServerError as error:
        sys.exit(f"mutants: {error}")
    with tempfile.TemporaryDirectory() as folder:
        service = make_service(Path(folder) / "service", DEFAULT)
        survivors = [each for each in chosen if not is_noticed(each, service, variables)]
    return int(bool(survivors))


def choose(mutants: Sequence[Mutant], words: Sequence[str]) -> list[Mutant]:
    """Return those whose names contain one of the words, or all."""
    lower = [word.lower() for word in words]
    return [each for each in mutants if not lower or any(w in each.name.lower() for w in lower)]


def is_noticed(mutant: Mutant, service: Path, variables: Mapping[str, str]) -> bool:
    """Plant a bug, tell whether the tests fail, and say so."""
    module = service / mutant.path
    source = module.read_text(encoding="utf-8")
    module.write_text(mutant.plant(source), encoding="utf-8")
    try:
        noticed = fails(service, mutant.tests, variables)
    finally:
        module.write_text(source, encoding="utf-8")
    print(f"{'noticed' if noticed else 'SURVIVED'}  {mutant.name} ({mutant.tests})", flush=True)
    return noticed


def fails(service: Path, tests: str, variables: Mapping[str, str]) -> bool:
    """Tell whether tests of a service fail, or do not end."""
    limit = shutil.which("timeout") or sys.exit("mutants: there is no program named timeout")
    python = service / ".venv/bin/python"
    command = (limit, f"{MOST_SECONDS:.0f}", python, "-m", "pytest", "-q", "-x", tests)
    ended = run(*command, cwd=service, PYTHONDONTWRITEBYTECODE="1", **variables)
    return ended.returncode in {FAILED, 124}


if __name__ == "__main__":
    sys.exit(main())
