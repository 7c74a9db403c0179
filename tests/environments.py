"""Virtual environments, each made once for its list of requirements and pins."""

import fcntl
import hashlib
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.programs import check, find_program, run, share_bytecode
from tests.renders import RENDERS, take_snapshot
from tests.small_template import FOLDER
from tools.pins import read_direct

ENVIRONMENTS = RENDERS.parent / "envs"
LISTS = ("requirements.txt", "requirements-runtime.txt")
FILES = (*LISTS, "requirements-service.txt", "constraints-effective.txt")
KEPT_SECONDS = 7 * 24 * 3600


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process makes the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def hash_files(paths: Iterable[Path]) -> str:
    """Return a hash of files and of the Python that will run."""
    digest = hashlib.sha256(sys.version.encode())
    for path in paths:
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()[:16]


def install(environment: Path, *requirements: str | Path, cwd: Path) -> None:
    """Install with uv: from its cache where everything is there, so that no network is needed."""
    uv = find_program("uv")
    shutil.rmtree(environment, ignore_errors=True)
    check(uv, "venv", "--quiet", "--python", sys.executable, environment)
    command = (uv, "pip", "install", "--quiet", "--python", environment, *requirements)
    if run(*command, "--offline", cwd=cwd).returncode != 0:
        check(*command, cwd=cwd)


def make(kind: str, folder: Path, *requirements: str | Path) -> Path:
    """Return an environment for the requirement files of a folder, there already or made now."""
    return make_once(
        f"{kind}-{hash_files(folder / name for name in FILES)}", *requirements, cwd=folder
    )


def make_once(name: str, *requirements: str | Path, cwd: Path) -> Path:
    """Return the environment of this name, there already or made now of the requirements."""
    environment = ENVIRONMENTS / name
    with locked(environment.with_suffix(".lock")):
        ready = environment / "ready"
        if not ready.exists():
            install(environment, *requirements, cwd=cwd)
        ready.touch()
    remove_old()
    share_bytecode(environment)
    return environment


def remove_old() -> None:
    """Delete environments that nobody has used for a week."""
    for ready in ENVIRONMENTS.glob("*/ready"):
        try:
            if ready.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(ready.parent, ignore_errors=True)
        except FileNotFoundError:
            continue


def make_own(folder: Path) -> Path:
    """Return an environment with what a service asks for and nothing else."""
    return make("own", folder, "--requirements", "requirements.txt")


def make_full() -> Path:
    """Return the environment with what any service asks for, which type checks all of them."""
    template = take_snapshot() / "template" / FOLDER
    names = sorted({name for each in LISTS for name in read_direct(template / each)})
    return make("all", template, "--constraints", "constraints.txt", *names)
