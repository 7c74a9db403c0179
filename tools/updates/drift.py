"""See how far a service is from its template."""

import os
from pathlib import Path

from tools.updates import state
from tools.updates.bench import Bench
from tools.updates.errors import UpdateRefusedError
from tools.updates.git import Git, GitError
from tools.updates.outcome import Drift
from tools.updates.rendering import Zones, render
from tools.updates.service import list_changes, read_head
from tools.updates.template import Template
from tools.updates.updating import make_home


def inspect(service: Path, template: Path) -> Drift:
    """Compare a service with its template, without changing anything; raises UpdateRefusedError."""
    return Inspection(service.resolve(), template.resolve()).inspect()


def diff(service: Path, template: Path) -> str:
    """Return what the team changed in the template's zone; raises UpdateRefusedError."""
    return Inspection(service.resolve(), template.resolve()).diff()


class Inspection:
    """A look at a service beside the version of the template that it was made of."""

    def __init__(self, service: Path, template: Path) -> None:
        """Find both; raises UpdateRefusedError."""
        self.service = service
        self.state = state.read(service)
        self.template = Template(template)
        self.version = self.template.find_recorded(self.state.commit)

    def inspect(self) -> Drift:
        """Tell all that is known."""
        git = Git(self.service)
        head = read_head(git)
        with make_home() as home:
            changes = self._compare(home)[2]
        return Drift(
            version=self.version,
            latest=self.template.latest,
            behind=self.count_behind(),
            answers=self.state.answers,
            edited=tuple(paths[0] for letter, paths in changes if letter != "D"),
            deleted=tuple(paths[0] for letter, paths in changes if letter == "D"),
            git=bool(head),
            dirty=bool(head) and bool(list_changes(git)),
        )

    def count_behind(self) -> int:
        """Count the commits of the template that the service lacks."""
        if self.template.is_ahead(self.version.commit):
            return 0
        return self.template.count_changes(self.version.commit)

    def diff(self) -> str:
        """Return the team's changes in the template's zone as one diff."""
        with make_home() as home:
            bench, trees, _ = self._compare(home)
            return bench.diff(*trees)

    def _compare(
        self, home: Path
    ) -> tuple[Bench, tuple[str, str], list[tuple[str, tuple[str, ...]]]]:
        rendered = render(self.template.folder, self.version, self.state.answers, home / "before")
        lists = (state.read_skip(self.service), state.read_skip(rendered.folder), self.state.skip)
        zones = Zones(path for each in lists for path in each)
        paths = {path for path in rendered.paths if not zones.is_team(path)}
        bench = Bench(home)
        bench.create()
        try:
            there = {path for path in paths if os.path.lexists(self.service / path)}
            trees = (
                bench.write_tree(rendered.folder, paths),
                bench.write_tree(self.service, there),
            )
            return bench, trees, bench.list_changes(*trees)
        except GitError as error:
            raise UpdateRefusedError(f"{self.service} cannot be compared: {error}") from error
