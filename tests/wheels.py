"""What pip installs in tests: fetched once, so that a second run needs no network."""

import shutil
import sys
from pathlib import Path

from tests.environments import ENVIRONMENTS, FILES, hash_files, locked
from tests.programs import check


def make_pip() -> Path:
    """Return a Python that has pip, as the standard library makes it."""
    environment = ENVIRONMENTS / f"pip-{hash_files([])}"
    with locked(environment.with_suffix(".lock")):
        ready = environment / "ready"
        if not ready.exists():
            shutil.rmtree(environment, ignore_errors=True)
            check(sys.executable, "-m", "venv", environment)
            ready.touch()
    return environment / "bin" / "python"


def fetch_wheels(key: str, *requirements: str, cwd: Path) -> dict[str, str]:
    """Return the variables with which pip installs the requirements from wheels alone."""
    folder = ENVIRONMENTS / f"wheels-{key}"
    python = make_pip()
    with locked(folder.with_suffix(".lock")):
        ready = folder / "ready"
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            check(python, "-m", "pip", "wheel", "--quiet", "-w", folder, *requirements, cwd=cwd)
        ready.touch()
    # Compiling all of it takes longer than what is imported later.
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_NO_COMPILE": "1"}


def fetch_service_wheels(service: Path) -> dict[str, str]:
    """Fetch what a service's requirements.txt asks for."""
    key = hash_files([service / name for name in FILES])
    return fetch_wheels(key, "-r", "requirements.txt", cwd=service)
