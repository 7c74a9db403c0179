"""Try an update where nothing can be lost: install, write anew what is generated, and check."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from tools.updates import pins
from tools.updates.errors import UpdateRefusedError

Say = Callable[[str], None]

# What the developer has set for other programs would be taken for settings of the service.
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_FILE")
KEPT_PREFIXES = ("UV_", "PIP_", "XDG_", "HTTP", "http", "NO_PROXY", "no_proxy")
# What the service writes of its code, with the recipes that do it.
GENERATED = {
    ".env.example": ("settings", "--example"),
    "openapi.json": ("openapi",),
    "asyncapi.json": ("asyncapi",),
}
TEAM_LIBRARIES = "requirements-service.txt"
SHOWN = 40
# What uv draws around its explanations.
FRAMES = re.compile(r"[\u2500-\u257f\u25b6\u00d7]")


def check(copy: Path, say: Say) -> None:
    """Install what the copy of a service needs and run its checks; raises UpdateRefusedError."""
    say("installing the libraries of the new version in a copy ...")
    install(copy)
    if pins.is_stale(copy):
        write_anew(copy, pins.LOCK, "lock")
    generate(copy)
    say("running the service's checks in the copy ...")
    done = run_recipe(copy, "check")
    if done.returncode != 0:
        say("\n".join(done.stdout.rstrip().splitlines()[-SHOWN:]))
        raise UpdateRefusedError(
            "The service's checks fail with the new version (see above), so nothing was changed: "
            "add --no-check to get the changes all the same, and repair it then."
        )


def install(copy: Path) -> None:
    """Install the libraries; raises UpdateRefusedError with those of the team that do not fit."""
    done = run_recipe(copy, "install")
    if done.returncode == 0:
        return
    said = " ".join(FRAMES.sub(" ", done.stdout).split())
    if refused := find_refused(copy, said):
        raise UpdateRefusedError(
            f"The libraries of the new version do not go with {', '.join(refused)}, "
            f"so nothing was changed: change that line first. ({said})"
        )
    raise UpdateRefusedError(
        f"The libraries of the new version could not be installed, so nothing was changed: {said}"
    )


def find_refused(copy: Path, said: str) -> list[str]:
    """Return the team's requirements that the resolver complains about."""
    refused = []
    for path in (copy / name for name in (TEAM_LIBRARIES, pins.TEAM) if (copy / name).is_file()):
        for text in path.read_text(encoding="utf-8").splitlines():
            line = text.partition("#")[0].strip()
            name = re.match(r"[\w.-]+", line)
            if name and re.search(rf"(?i)(?<![\w-]){re.escape(name[0])}(?![\w-])", said):
                refused.append(f"{line} in {path.name}")
    return refused


def generate(copy: Path) -> None:
    """Write anew what the service generates of its code, where it keeps that."""
    for name, recipe in GENERATED.items():
        if (copy / name).is_file():
            write_anew(copy, name, *recipe)


def write_anew(copy: Path, name: str, *recipe: str) -> None:
    """Run the recipe that writes a file; raises UpdateRefusedError."""
    done = run_recipe(copy, *recipe)
    if done.returncode != 0:
        raise UpdateRefusedError(
            f"{name} cannot be written anew with the new version, "
            f"so nothing was changed: {read_last(done.stdout)}"
        )


def read_last(output: str) -> str:
    """Return the last line that is not just's own."""
    lines = [line for line in output.splitlines() if line and not line.startswith("error: recipe")]
    return lines[-1].strip() if lines else "it said nothing"


def run_recipe(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a recipe of the copy without the settings of whoever runs this."""
    program = "./just" if (copy / "just").is_file() else "just"
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
    return subprocess.run(
        [program, *arguments],
        cwd=copy,
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
