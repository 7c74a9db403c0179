"""What an updated service has to be: the new template's files, and the team's as they were."""

from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from tests.programs import check
from tests.zones import list_team_paths
from tools.updates.pins import EFFECTIVE, LOCK

File = tuple[bool, bytes]
"""Whether it can be started, and what it holds."""
Tree = Mapping[str, File]


def read_tree(folder: Path) -> Tree:
    """Return what git would commit of a folder, but for pins: those of both make them."""
    listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = {name for name in check(*listing, cwd=folder).split("\0") if name}
    names -= {EFFECTIVE, LOCK}
    return {name: read_file(folder / name) for name in names if (folder / name).is_file()}


def read_file(path: Path) -> File:
    """Return what there is to know of a file."""
    return bool(path.stat().st_mode & 0o100), path.read_bytes()


def read_zone(service: Path) -> Callable[[str], bool]:
    """Return what tells whether a path is in the zone of the service's team."""
    patterns = list_team_paths(service)

    def is_team(name: str) -> bool:
        names = (name, *map(str, PurePath(name).parents))
        return any(fnmatchcase(each, pattern) for each in names for pattern in patterns)

    return is_team


def take_teams(service: Path, tree: Tree, own: Collection[str]) -> Tree:
    """Return the files of the team: in its zone, and those of its own that stand elsewhere."""
    is_team = read_zone(service)
    return {name: file for name, file in tree.items() if is_team(name) or name in own}


def expect(fresh: Path, before: Tree, own: Collection[str]) -> Tree:
    """Return what a service has to become that had these files, by a new render."""
    is_team = read_zone(fresh)
    rendered = {name: file for name, file in read_tree(fresh).items() if not is_team(name)}
    return {**rendered, **take_teams(fresh, before, own)}


def compare(found: Tree, expected: Tree) -> list[str]:
    """List the paths that differ, each with how."""
    return [
        f"{name}: {describe(found.get(name))}, not {describe(expected.get(name))}"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    ]


def describe(file: File | None) -> str:
    """Say in a few words what a file is."""
    if file is None:
        return "nothing"
    return f"{len(file[1])} bytes{' that can be started' if file[0] else ''}"
