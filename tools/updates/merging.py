"""Merge what the template changed into what the team has."""

import os
import shutil
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path, PurePath

from tools.updates import state
from tools.updates.bench import PATCH, Bench
from tools.updates.errors import UpdateRefusedError
from tools.updates.git import GitError
from tools.updates.outcome import Conflict
from tools.updates.rendering import Render, Zones, clear_starter
from tools.updates.service import Service

Stages = Mapping[str, Mapping[int, str]]
"""The files with conflicts, each with the mode and the hash of its base and of both sides."""


@dataclass(frozen=True)
class Merge:
    """The result of a merge, with conflict markers where there are conflicts."""

    patch: bytes
    stages: Stages
    conflicts: tuple[Conflict, ...]
    kept_deleted: tuple[str, ...]


def merge_renders(bench: Bench, service: Service, before: Render, after: Render) -> Merge:
    """Merge the step from one render to another into the last commit of a service."""
    entries = service.read_entries()
    zones = read_zones(service, before, after)
    old = {path for path in before.paths if not zones.is_team(path)}
    new = {path for path in after.paths if not zones.is_team(path)}
    # What the team deleted stays deleted, wherever the template has moved it to.
    gone = old - entries.keys()
    new -= gone | {now for was, now in find_moved(bench, before, after) if was in gone}
    new |= take_starters(after, zones, before.paths | entries.keys())
    check_way(service, new - entries.keys(), entries.keys())
    base = bench.commit(bench.write_tree(before.folder, old - gone))
    kept = [(path, entry) for path, entry in entries.items() if path in old or path in new]
    ours = bench.commit(bench.write_entries(kept), base)
    theirs = bench.commit(bench.write_tree(after.folder, new), base)
    merged, stages = run_merge(bench, ours, theirs)
    return Merge(
        bench.git.run(*PATCH, ours, merged),
        stages,
        tuple(describe(bench, path, sides) for path, sides in sorted(stages.items())),
        tuple(sorted(path for path in gone & after.paths if differs(path, before, after))),
    )


def differs(path: str, *renders: Render) -> bool:
    """Tell whether a file is not the same in two renders."""
    return len({(each.folder / path).read_bytes() for each in renders}) > 1


def read_zones(service: Service, before: Render, after: Render) -> Zones:
    """Return what is the team's by any of the lists: a new one may be longer."""
    lists = (state.read_skip(each) for each in (service.folder, before.folder, after.folder))
    return Zones([*state.read(service.folder).skip, *(path for each in lists for path in each)])


def find_moved(bench: Bench, before: Render, after: Render) -> list[tuple[str, str]]:
    """List the files that the template has moved."""
    trees = [bench.write_tree(each.folder, each.paths) for each in (before, after)]
    changes = bench.list_changes(trees[0], trees[1])
    return [(paths[0], paths[1]) for letter, paths in changes if letter == "R"]


def take_starters(after: Render, zones: Zones, known: Set[str]) -> set[str]:
    """Put the bare files that a new seam begins with into a render, and list them."""
    # A service that lives has no use for the sample domain, only for what its new code imports.
    cleared = clear_starter(after)
    starters = {path for path in cleared.paths if zones.is_team(path) and path not in known}
    for path in starters:
        shutil.copy2(cleared.folder / path, after.folder / path)
    return starters


def check_way(service: Service, new: Set[str], entries: Set[str]) -> None:
    """Refuse where something that git ignores, or a folder, stands in the way of a new file."""
    folders = {str(parent) for path in entries for parent in PurePath(path).parents}
    for path in sorted(new):
        parents = map(str, list(PurePath(path).parents)[:-1])
        obstacle = next((each for each in parents if is_file(service.folder / each)), None)
        if obstacle is None and (path in folders or os.path.lexists(service.folder / path)):
            obstacle = path
        if obstacle is not None:
            raise UpdateRefusedError(
                f"{obstacle} stands where the template adds {path}: move it away."
            )


def is_file(path: Path) -> bool:
    """Tell whether something is there that is no folder."""
    return os.path.lexists(path) and (path.is_symlink() or not path.is_dir())


def run_merge(bench: Bench, ours: str, theirs: str) -> tuple[str, Stages]:
    """Return the tree of a merge and what is in conflict; raises GitError."""
    place = bench.home / "merge"
    bench.git.run("worktree", "add", "--quiet", "--detach", str(place), ours)
    git = bench.at(place)
    # Renames of folders would move the team's files.
    options = ("-c", "merge.directoryRenames=false", "-c", "merge.conflictStyle=merge")
    # It stands in the marks of conflicts.
    git.run("branch", "template", theirs)
    done = git.attempt(*options, "merge", "--quiet", "--no-commit", "--no-ff", "template")
    stages: dict[str, dict[int, str]] = {}
    for line in git.split("ls-files", "--unmerged", "-z"):
        entry, path = line.split("\t", 1)
        mode, file, number = entry.split()
        stages.setdefault(path, {})[int(number)] = f"{mode} {file}"
    if done.returncode != 0 and not stages:
        raise GitError(os.fsdecode(done.stderr or done.stdout).strip())
    git.run("add", "--update")
    return git.read("write-tree"), stages


def describe(bench: Bench, path: str, sides: Mapping[int, str]) -> Conflict:
    """Show what each side of a conflict changed."""
    base, yours, template = (sides.get(number, "").partition(" ")[2] for number in (1, 2, 3))
    return Conflict(path, compare(bench, base, yours), compare(bench, base, template))


def compare(bench: Bench, before: str, after: str) -> str:
    """Return how a file was changed, without the lines that name it."""
    if not after:
        return "deleted it"
    empty = bench.git.read("hash-object", "-w", "--stdin")
    text = bench.diff(before or empty, after)
    _, mark, hunks = text.partition("\n@@")
    return f"@@{hunks}".rstrip() if mark else "changed it, which is not text"


def write_stages(bench: Bench, service: Service, stages: Stages) -> bytes:
    """Store both sides of conflicts in a service, and return what its index has to hear."""
    lines = []
    for path, sides in stages.items():
        lines.append(f"0 {'0' * len(service.head)}\t{service.prefix}{path}")
        for number, entry in sides.items():
            mode, _, file = entry.partition(" ")
            content = bench.git.run("cat-file", "blob", file)
            service.git.run("hash-object", "-w", "--stdin", given=content)
            lines.append(f"{mode} {file} {number}\t{service.prefix}{path}")
    return b"".join(os.fsencode(line) + b"\0" for line in lines)
