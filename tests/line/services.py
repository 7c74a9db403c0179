"""Services that are made of versions of the line, and updated along it."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.line.trees import Tree, compare, expect, read_tree, take_teams
from tests.line.work import Edit
from tests.programs import check
from tests.recipes import commit
from tests.rendered_once import RenderedOnce
from tests.zones import lay_overlay
from tools.updates import Outcome, update


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


class Workshop:
    """A template with versions, and what is made of them below a folder."""

    def __init__(self, template: Path, home: Path) -> None:
        """Take a git checkout of the template."""
        self.home = home
        self.template = template
        self._once = RenderedOnce(home / "renders")

    def create(self, name: str, version: str, answers: Mapping[str, object]) -> Service:
        """Make a service of a version with cruft, in a folder of this name, and commit it."""
        self.check_out(version)
        command = [sys.executable, "-m", "cruft", "create", "--default-config", "--no-input"]
        command += ["--output-dir", str(self.home / name), "--extra-context", json.dumps(answers)]
        check(*command, str(self.template))
        (folder,) = (self.home / name).iterdir()
        commit(folder)
        return Service(folder)

    def update(
        self, service: Service, version: str, answers: Mapping[str, str], *, check: bool = False
    ) -> Outcome:
        """Update a service to a version."""
        self.check_out(version)
        with self._once.used():
            return update(
                service.folder, template=self.template, answers=answers, check=check, say=print
            )

    def find_differences(self, service: Service, version: str) -> list[str]:
        """List what is not as a new service of the version, with the team's files, would be."""
        found = read_tree(service.folder)
        context = json.loads(found[".cruft.json"][1])["context"]["cookiecutter"]
        answers = {name: value for name, value in context.items() if name[0] != "_"}
        fresh = self.create(f"{service.folder.parent.name}-fresh", version, answers)
        return compare(found, expect(fresh.folder, found, service.own))

    def check_out(self, version: str) -> None:
        """Let the template be at a version."""
        check("git", "checkout", "--quiet", version, cwd=self.template)
