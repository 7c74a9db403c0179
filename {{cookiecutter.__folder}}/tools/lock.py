"""Pin what this service installs: the template's pins, the team's over them, and hashes."""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

TEMPLATE = "constraints.txt"
TEAM = "constraints-service.txt"
EFFECTIVE = "constraints-effective.txt"
LOCK = "requirements-runtime.lock"
RUNTIME = "requirements-runtime.txt"
LIBRARIES = "requirements-service.txt"
WRITTEN = (TEAM, EFFECTIVE, LOCK)
# What the oldest supported Python can install; where that matters, a pin has a marker.
PYTHON = "3.11"
REPAIR = "run `./just lock` and commit what it writes."
EFFECTIVE_HEADING = f"# Made by `./just lock` of {TEMPLATE}, {TEAM} and {LOCK}; do not edit it.\n"
TEAM_HEADING = f"""\
# Pins of this service that win over {TEMPLATE}: NAME==VERSION, one a line. `./just patch` writes them,
# and an update of the template drops those that its own pins have reached.
"""
LOCK_HEADING = "# Made by `./just lock`, for every platform and Python from 3.11 on, of:\n"
SPECIFIER = r"(?:===|[=!~<>]=|[<>])\s*[\w.!+*-]+"
PIN = re.compile(rf"([A-Za-z0-9][\w.-]*)\s*{SPECIFIER}(?:\s*,\s*{SPECIFIER})*\s*(?:;[^\\]*)?")
EXACT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*==\s*([\w.!+-]+)")
# What uv draws around its explanations.
FRAMES = re.compile(r"[\u2500-\u257f\u25b6\u00d7]")

Pins = Mapping[str, Sequence[str]]
"""The lines that pin a library, by its normalised name."""


class LockError(Exception):
    """Say in one sentence what is wrong and what to do."""


def normalise(name: str) -> str:
    """Return a name as every way to write it has it in common (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file without comments; none where there is no file."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def read_pins(path: Path) -> dict[str, list[str]]:
    """Return the pins of a file; raises LockError for a line that is none."""
    pins: dict[str, list[str]] = {}
    for line in read_lines(path):
        pin = PIN.fullmatch(line)
        if pin is None:
            raise LockError(
                f"{path.name} has {line!r}, which is no pin: write NAME==VERSION, without extras, "
                "URLs, hashes and options."
            )
        pins.setdefault(normalise(pin[1]), []).append(line)
    return pins


def read_lock(root: Path) -> dict[str, list[str]]:
    """Return what the lock pins, without hashes."""
    pins: dict[str, list[str]] = {}
    for line in read_lines(root / LOCK):
        if not line.startswith("--hash="):
            pins.setdefault(normalise(re.split("[=@ ]", line)[0]), []).append(line.rstrip(" \\"))
    return pins


def merge(root: Path, locked: Pins) -> str:
    """Return the constraints in force: the team's pin, else the template's, else the lock's."""
    pins = {**locked, **read_pins(root / TEMPLATE), **read_pins(root / TEAM)}
    return EFFECTIVE_HEADING + "".join(f"{line}\n" for name in sorted(pins) for line in pins[name])


def read_sources(root: Path) -> list[str]:
    """List what a lock is made of, besides the template's pins."""
    runtime = [line for line in read_lines(root / RUNTIME) if not line.startswith("-")]
    team = [f"{line} ({name})" for name in (LIBRARIES, TEAM) for line in read_lines(root / name)]
    return sorted(runtime) + team


def write_heading(root: Path) -> str:
    """Return the head of the lock, which says what it was made of."""
    return LOCK_HEADING + "".join(f"#   {line}\n" for line in read_sources(root))


def read_heading(root: Path) -> list[str]:
    """Return what the lock says that it was made of."""
    lines = (root / LOCK).read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("#   ") for line in lines if line.startswith("#   ")]


def find_stale(root: Path) -> str | None:
    """Return one sentence about the first file that is not up to date; raises LockError."""
    pins = {**read_pins(root / TEMPLATE), **read_pins(root / TEAM)}
    if not (root / LOCK).is_file():
        return f"{LOCK} is not there: {REPAIR}"
    made_of, sources = set(read_heading(root)), set(read_sources(root))
    for line in sorted(made_of ^ sources):
        change = "knows nothing of" if line in sources else "was made of"
        gone = "" if line in sources else ", which is gone"
        return f"{LOCK} {change} {line}{gone}: {REPAIR}"
    locked = read_lock(root)
    for name, lines in pins.items():
        exact = {line.partition(";")[0].strip() for line in lines if EXACT.match(line)}
        for line in locked.get(name, []) if len(exact) == len(lines) else []:
            if line.partition(";")[0].strip() not in exact:
                return f"{LOCK} has {line}, the constraints {' and '.join(lines)}: {REPAIR}"
    effective = root / EFFECTIVE
    if not effective.is_file() or effective.read_text(encoding="utf-8") != merge(root, locked):
        return f"{EFFECTIVE} is not what {TEMPLATE}, {TEAM} and {LOCK} make: {REPAIR}"
    return None


@contextmanager
def kept(root: Path) -> Iterator[None]:
    """Put the written files back when anything fails."""
    before = {root / name: (root / name).read_bytes() for name in WRITTEN if (root / name).exists()}
    try:
        yield
    except BaseException:
        for path in (root / name for name in WRITTEN):
            path.write_bytes(before[path]) if path in before else path.unlink(missing_ok=True)
        raise


def lock(root: Path, *, upgrade: bool = False) -> None:
    """Write the constraints in force and the lock; raises LockError, and then nothing has changed."""
    with kept(root), tempfile.TemporaryDirectory() as home:
        # Libraries that only the lock pins may move with those that need them.
        (root / EFFECTIVE).write_text(merge(root, {}), encoding="utf-8")
        output = Path(home, LOCK)
        if (root / LOCK).is_file() and not upgrade:
            shutil.copy(root / LOCK, output)  # what it has stays, as far as it can
        resolve(root, RUNTIME, "--generate-hashes", "--output-file", str(output))
        text = "".join(re.findall(r"^(?!#).*\n", output.read_text(encoding="utf-8"), re.M))
        if bare := re.search(r"^\S.*(?<!\\)$(?!\n +--hash)", text, re.M):
            raise LockError(
                f"{bare[0]} has no hash, because no index has it: publish it there, and name it in "
                f"{LIBRARIES} by its version."
            )
        (root / LOCK).write_text(write_heading(root) + text, encoding="utf-8")
        (root / EFFECTIVE).write_text(merge(root, read_lock(root)), encoding="utf-8")


def resolve(root: Path, requirements: str, *options: str) -> str:
    """Return the pins of requirements and of all that they need; raises LockError."""
    uv = shutil.which("uv")
    if uv is None:
        raise LockError("uv was not found: start this with ./just.")
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", PYTHON]
    # The address of an index may be a secret, and is another in every place.
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    command += [*options, requirements]
    done = run(root, *command)
    if done.returncode != 0:
        # Without a network, what was installed once can be locked.
        offline = run(root, *command, "--offline")
        done = offline if offline.returncode == 0 else done
    if done.returncode != 0:
        said = " ".join(FRAMES.sub(" ", done.stderr).split()).removeprefix("error: ").rstrip(".")
        said = said.partition(" cause: ")[2] or said
        raise LockError(f"{requirements} cannot be resolved, so nothing was changed: {said}.")
    return done.stdout


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it said."""
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def patch(root: Path, given: Sequence[str]) -> None:
    """Pin libraries for this service, and install that; raises LockError, with nothing changed."""
    pins = dict(read_pin(root, text) for text in given)
    team = root / TEAM
    lines = team.read_text(encoding="utf-8") if team.is_file() else TEAM_HEADING
    others = [line for line in lines.splitlines() if find_name(line) not in pins]
    with kept(root):
        team.write_text("\n".join([*others, *pins.values(), ""]), encoding="utf-8")
        lock(root)
        needed = {find_name(line) for line in resolve(root, "requirements.txt").splitlines()}
        for name, pin in pins.items():
            if name not in needed:
                raise LockError(
                    f"Nothing that this service installs needs {name}, so {pin} would patch nothing, "
                    f"and nothing was changed: a library of your own goes into {LIBRARIES}."
                )
        if subprocess.run(["just", "install"], cwd=root, check=False).returncode != 0:
            raise LockError("The libraries cannot be installed (see above): nothing was changed.")


def find_name(line: str) -> str:
    """Return the normalised name of the library that a line is about."""
    name = re.match(r"[A-Za-z0-9][\w.-]*", line)
    return normalise(name[0]) if name else ""


def read_pin(root: Path, text: str) -> tuple[str, str]:
    """Return the name and the line of a pin; raises LockError."""
    pin = EXACT.fullmatch(text.strip())
    if pin is None:
        raise LockError(f"{text!r} is no pin: write NAME==VERSION, without extras and markers.")
    name, line = normalise(pin[1]), f"{normalise(pin[1])}=={pin[2]}"
    for own in read_lines(root / LIBRARIES):
        if find_name(own) == name and "==" in own.partition(";")[0]:
            raise LockError(f"{own} stands in {LIBRARIES}: change it there, then `./just lock`.")
    if read_pins(root / EFFECTIVE).get(name) == [line]:
        raise LockError(f"{line} is in force already: nothing was changed.")
    return name, line


def try_patched(root: Path, given: Sequence[str]) -> None:
    """Audit and check the service with its new pins; raises LockError when something fails."""
    for recipe in ("audit", "lint", "test"):
        if subprocess.run(["just", recipe], cwd=root, check=False).returncode != 0:
            raise LockError(
                f"`./just {recipe}` fails with {', '.join(given)} (see above). Go on from here, or "
                f"delete the pin from {TEAM} and run `./just lock` and `./just install`."
            )
    print(f"{', '.join(given)}: locked, installed, audited, tested. Commit {', '.join(WRITTEN)}.")


def fail(sentence: str) -> NoReturn:
    """Exit with one line."""
    sys.exit(f"lock: {sentence}")


def main(root: Path) -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="./just lock", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is not up to date")
    parser.add_argument("--upgrade", action="store_true", help="raise what no constraint pins")
    parser.add_argument("--patch", nargs="+", metavar="NAME==VERSION", help=argparse.SUPPRESS)
    options = parser.parse_args()
    try:
        if options.patch:
            patch(root, options.patch)
            try_patched(root, options.patch)
        elif not options.check:
            lock(root, upgrade=options.upgrade)
        elif stale := find_stale(root):
            fail(stale)
    except LockError as error:
        fail(str(error))


if __name__ == "__main__":
    main(Path())
