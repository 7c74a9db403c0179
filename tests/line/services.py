"""Services that are made of versions of the line, and updated along it."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from tests.combinations import Answer
from tests.line.trees import Tree, compare, expect, read_tree, take_teams
from tests.line.versions import make_versions
from tests.line.work import Edit
from tests.programs import check
from tests.recipes import commit
from tests.zones import lay_overlay
from tools.updates import Outcome, rendering, update, updating
from tools.updates.outcome import Answers, Version
from tools.updates.rendering import Render

NAME = "my-service"


@dataclass
class Service:
    """A service of a team that goes on working."""

    folder: Path
    own: set[str] = field(default_factory=set)
    """What the team has made itself."""

    def lay(self, overlay: str) -> None:
        """Replace the starter with the files of a team, and commit them."""
        self.own |= set(map(str, lay_overlay(overlay, self.folder)))
        commit(self.folder)

    def work(self, edits: Iterable[Edit]) -> None:
        """Write at the end of files, some of them new, and commit them."""
        for name, text in edits:
            path = self.folder / name
            self.own |= set() if path.exists() else {name}
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        commit(self.folder)

    def read_teams(self) -> Tree:
        """Return the files of the team."""
        return take_teams(self.folder, read_tree(self.folder), self.own)


class Line:
    """The versions of the template, and what is made of them below a folder."""

    def __init__(self, home: Path) -> None:
        """Make the versions."""
        self.home = home
        self.template = make_versions(home / "template")
        self._renders: dict[tuple[str, str], Render] = {}

    def create(self, name: str, number: int, answers: Mapping[str, Answer]) -> Service:
        """Make a service of a version with cruft, in a folder of this name, and commit it."""
        self._check_out(number)
        command = [sys.executable, "-m", "cruft", "create", "--default-config", "--no-input"]
        command += ["--output-dir", str(self.home / name), "--extra-context", json.dumps(answers)]
        check(*command, str(self.template))
        service = Service(self.home / name / NAME)
        commit(service.folder)
        return service

    def update(self, service: Service, number: int, answers: Mapping[str, str]) -> Outcome:
        """Update a service to a version, without its checks."""
        self._check_out(number)
        with patch.object(updating, "render", self._render):
            return update(
                service.folder,
                template=self.template,
                answers=answers,
                check=False,
                say=lambda _: None,
            )

    def find_differences(self, service: Service, number: int) -> list[str]:
        """List what is not as a new service of the version, with the team's files, would be."""
        found = read_tree(service.folder)
        context = json.loads(found[".cruft.json"][1])["context"]["cookiecutter"]
        answers = {name: value for name, value in context.items() if name[0] != "_"}
        fresh = self.create(f"{service.folder.parent.name}-fresh", number, answers)
        return compare(found, expect(fresh.folder, found, service.own))

    def _check_out(self, number: int) -> None:
        check("git", "checkout", "--quiet", f"v{number}", cwd=self.template)

    def _render(self, template: Path, version: Version, answers: Answers, home: Path) -> Render:
        # What one update renders as the new version is the old one of the next.
        key = (version.commit, json.dumps(dict(answers)))
        if key not in self._renders:
            place = self.home / "renders" / str(len(self._renders))
            place.parent.mkdir(exist_ok=True)
            self._renders[key] = rendering.render(template, version, answers, place)
        kept = self._renders[key]
        shutil.copytree(kept.folder, home / kept.folder.name, symlinks=True)
        return Render(home / kept.folder.name, kept.state, kept.paths)
