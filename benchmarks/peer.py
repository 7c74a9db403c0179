"""The service that s3rius/FastAPI-template renders, with the one pin that makes it answer."""

import hashlib
import os
import sys
import tomllib
from pathlib import Path

from tests.environments import make_once
from tests.programs import check, find_program
from tests.small_template import ROOT

GENERATOR = "fastapi-template==6.1.2"
NAME = "peer"
# As little as it can be, with the metrics that ours has too.
ANSWERS = ("--quiet", "--name", NAME, "--api-type", "rest", "--prometheus", "--routers")
NOTHING = ("--db", "none", "--orm", "none", "--ci", "none")
# Its range ends before the first version that understands the routers of the FastAPI that it gets.
METRICS = "prometheus-fastapi-instrumentator"
PIN = f"{METRICS}==8.1.0"


def make_peer(folder: Path) -> tuple[Path, Path]:
    """Render the service below a folder, and return it and its Python."""
    generator = make_environment("generator", [GENERATOR])
    check(generator / "bin/fastapi_template", *ANSWERS, *NOTHING, cwd=folder, PATH=hide_git(folder))
    service = folder / NAME
    project = tomllib.loads((service / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = make_environment("peer", pin_metrics(project["dependencies"]))
    return service, environment / "bin/python"


def hide_git(folder: Path) -> str:
    """Return a PATH with a git that fails, at which its hook skips linters and a first commit."""
    git = folder / "bin" / "git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\nexit 1\n")
    git.chmod(0o755)
    return os.pathsep.join(
        (str(git.parent), str(Path(find_program("uv")).parent), os.environ["PATH"])
    )


def pin_metrics(requirements: list[str]) -> list[str]:
    """Return the requirements with the pin in the place of the range."""
    kept = [each for each in requirements if not each.startswith(METRICS)]
    return [*kept, PIN]


def make_environment(kind: str, requirements: list[str]) -> Path:
    """Return an environment with these requirements, for the Python that runs this."""
    key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:16]
    return make_once(f"{kind}-{key}", *requirements, cwd=ROOT)
