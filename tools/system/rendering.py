"""Render one service, and lay its team's files over it in place of the starter."""

import runpy
import shutil
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from pathspec import GitIgnoreSpec

from tools.new import TEMPLATE
from tools.system.errors import SystemRefusedError
from tools.system.file import Service
from tools.system.programs import run


def render(service: Service, folder: Path) -> Path:
    """Render a service below a folder and return its own."""
    answers = [f"{question}={write(answer)}" for question, answer in service.answers.items()]
    command = [sys.executable, "-m", "tools.new", "--no-input", "--output-dir", folder, *answers]
    run(f"{service.name} could not be rendered", command, cwd=TEMPLATE)
    return folder / service.name


def write(answer: object) -> str:
    """Write an answer as the command line takes it."""
    return str(answer).lower() if isinstance(answer, bool) else str(answer)


def clear_starter(rendered: Path) -> None:
    """Remove the sample domain, as `just clear-starter` does."""
    clear = runpy.run_path(str(rendered / "tools" / "clear_starter.py"))["clear"]
    clear(rendered)


def lay_overlays(rendered: Path, overlays: Iterable[Path]) -> None:
    """Lay folders of team's files over a service, in order; raises SystemRefusedError."""
    ignored, zones = read_ignored(rendered), Zones(rendered)
    for overlay in overlays:
        paths = [path for path in list_files(overlay) if not ignored.match_file(path)]
        check_overlay(overlay, paths, zones)
        for path in paths:
            (rendered / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(overlay / path, rendered / path)


def check_overlay(overlay: Path, paths: list[Path], zones: "Zones") -> None:
    """Refuse an overlay that holds nothing, or a file of the template."""
    if not paths:
        raise SystemRefusedError(
            f"The overlay {overlay} holds no file: put the team's files there."
        )
    foreign = [str(path) for path in paths if not zones.is_team(path)]
    if foreign:
        files = ", ".join(foreign)
        raise SystemRefusedError(
            f"The overlay {overlay} holds what the template owns: take out {files}; "
            "docs/reference.md lists the seams."
        )


def list_files(folder: Path) -> list[Path]:
    """List the files below a folder, each as the path from there."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def read_ignored(rendered: Path) -> GitIgnoreSpec:
    """Return what the service keeps out of git: what is made on the spot, and secrets."""
    lines = (rendered / ".gitignore").read_text(encoding="utf-8").splitlines()
    return GitIgnoreSpec.from_lines([*lines, ".git/"])


class Zones:
    """Which files of a rendered service are the team's, and which the template's."""

    def __init__(self, rendered: Path) -> None:
        """Remember what has been rendered, before anything is laid over it."""
        project = tomllib.loads((rendered / "pyproject.toml").read_text(encoding="utf-8"))
        self._team = [Path(each) for each in project["tool"]["cruft"]["skip"]]
        self._rendered = set(list_files(rendered))
        self._folders = {parent for path in self._rendered for parent in path.parents}

    def is_team(self, path: Path) -> bool:
        """Tell whether a team may write a file: in its zone, or where the template has none."""
        if path in self._folders or not self._rendered.isdisjoint(path.parents):
            return False
        return path not in self._rendered or any(path.is_relative_to(each) for each in self._team)
