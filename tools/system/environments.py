"""Environments in which rendered services can be imported, each made once for its requirements."""

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

from tools.new import TEMPLATE
from tools.servers.state import locked
from tools.system.errors import SystemRefusedError
from tools.system.programs import attempt, run

HOME = TEMPLATE / "build" / "environments"
FILES = ("requirements-runtime.txt", "requirements-service.txt", "constraints-effective.txt")
KEPT_SECONDS = 7 * 24 * 3600


def lock(rendered: Path) -> None:
    """Lock the libraries of a service, its team's too, unless that is done already."""
    tool = [sys.executable, Path("tools", "lock.py")]
    if attempt([*tool, "--check"], cwd=rendered).returncode == 0:
        return
    path = os.pathsep.join((str(Path(find_uv()).parent), os.environ["PATH"]))
    run(f"The libraries of {rendered.name} could not be locked", tool, cwd=rendered, PATH=path)


def prepare(rendered: Path) -> Path:
    """Return a Python with the libraries of a service, there already or installed now."""
    digest = hashlib.sha256(sys.version.encode())
    for name in FILES:
        digest.update((rendered / name).read_bytes())
    environment = HOME / digest.hexdigest()[:16]
    with locked(environment.with_suffix(".lock")):
        ready = environment / "ready"
        if not ready.exists():
            install(environment, rendered)
        ready.touch()
    remove_old()
    return environment / "bin" / "python"


def install(environment: Path, rendered: Path) -> None:
    """Install with uv: from its cache where everything is there, so that no network is needed."""
    uv = find_uv()
    shutil.rmtree(environment, ignore_errors=True)
    failure = f"The libraries of {rendered.name} could not be installed"
    run(failure, [uv, "venv", "--quiet", "--python", sys.executable, environment], cwd=rendered)
    command = [uv, "pip", "install", "--quiet", "--python", environment]
    command += ["--requirements", "requirements-runtime.txt"]
    if attempt([*command, "--offline"], cwd=rendered).returncode != 0:
        run(failure, command, cwd=rendered)


def find_uv() -> str:
    """Return the path of uv; raises SystemRefusedError."""
    uv = shutil.which("uv") or next(map(str, TEMPLATE.glob(".tools/uv-*/bin/uv")), None)
    if uv is None:
        raise SystemRefusedError("uv was not found: start this with ./just system.")
    return uv


def remove_old() -> None:
    """Delete environments that nobody has used for a week."""
    for ready in HOME.glob("*/ready"):
        try:
            if ready.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(ready.parent, ignore_errors=True)
        except FileNotFoundError:
            continue
