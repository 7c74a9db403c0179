"""Render a version of the template, with cruft, untouched by anybody's configuration."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any

from tools.updates import state
from tools.updates.errors import UpdateRefusedError
from tools.updates.git import clean_environment
from tools.updates.outcome import Answers, Version


@dataclass(frozen=True)
class Render:
    """A service as one version of the template renders it."""

    folder: Path
    state: dict[str, Any]
    paths: frozenset[str]


class Zones:
    """Which paths are the team's."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Take the lists of several versions: what one of them protects stays protected."""
        self._patterns = frozenset(pattern.rstrip("/") for pattern in patterns)

    def is_team(self, path: str) -> bool:
        """Tell whether a path, or a folder above it, is listed."""
        candidates = (path, *map(str, PurePath(path).parents))
        return any(fnmatchcase(each, pattern) for each in candidates for pattern in self._patterns)


def render(template: Path, version: Version, answers: Answers, home: Path) -> Render:
    """Render below a folder of its own; raises UpdateRefusedError with the hook's sentence."""
    home.mkdir()
    command = [sys.executable, "-m", "cruft", "create", str(template.resolve())]
    command += ["--checkout", version.commit, "--output-dir", str(home)]
    command += ["--default-config", "--no-input", "--extra-context", json.dumps(dict(answers))]
    done = subprocess.run(
        command, cwd=home, env=clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reason = read_refusal(done.stderr)
        raise UpdateRefusedError(f"Version {version} of the template cannot be rendered: {reason}")
    (folder,) = (path for path in home.iterdir() if path.is_dir())
    text = (folder / state.NAME).read_text(encoding="utf-8")
    (folder / state.NAME).unlink()
    return Render(folder, json.loads(text), list_files(folder))


def read_refusal(stderr: str) -> str:
    """Return the line that says why: a hook's is the first, cruft's own the last."""
    lines = [line.strip(" │|") for line in stderr.splitlines() if line.strip(" │|╭╰─╮╯")]
    if not lines:
        return "cruft said nothing."
    return lines[-1] if lines[0].startswith(("Traceback", "Usage", "╭")) else lines[0]


def list_files(folder: Path) -> frozenset[str]:
    """List the files below a folder."""
    found = (
        Path(place, name).relative_to(folder)
        for place, folders, files in os.walk(folder)
        for name in (*files, *(each for each in folders if Path(place, each).is_symlink()))
    )
    return frozenset(map(str, found))


def clear_starter(rendered: Render) -> Render:
    """Return a copy without the sample domain: what a service needs that has code of its own."""
    folder = rendered.folder.with_name(f"{rendered.folder.name}.cleared")
    shutil.copytree(rendered.folder, folder, symlinks=True)
    program = folder / "tools" / "clear_starter.py"
    if program.is_file():
        runpy.run_path(str(program))["clear"](folder)
    return Render(folder, rendered.state, list_files(folder))
