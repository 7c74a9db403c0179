"""Run a program that makes a part of the system, quietly."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.system.errors import SystemRefusedError

# What the developer has set for other programs would be taken for settings of the services.
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_FILE")
KEPT_PREFIXES = ("UV_", "PIP_", "XDG_", "HTTP", "http", "NO_PROXY", "no_proxy")


def run(
    failure: str, command: Sequence[object], *, cwd: Path, given: str = "", **variables: str
) -> str:
    """Return what a program prints; raises SystemRefusedError with the end of its complaint."""
    done = attempt(command, cwd=cwd, given=given, **variables)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it said nothing"]
        raise SystemRefusedError(f"{failure}: {said[0]}")
    return done.stdout


def attempt(
    command: Sequence[object], *, cwd: Path, given: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program that may fail, without the settings of whoever runs this."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, **keep_bytecode(), **variables},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def keep_bytecode() -> dict[str, str]:
    """Return variables with which Python leaves nothing beside the modules that it imports."""
    prefix = os.environ.get("PYTHONPYCACHEPREFIX")
    return {"PYTHONPYCACHEPREFIX": prefix} if prefix else {"PYTHONDONTWRITEBYTECODE": "1"}
