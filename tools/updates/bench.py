"""A copy of the service's repository, in which an update is merged and checked."""

import os
from collections.abc import Iterable
from pathlib import Path

from tools.updates.git import NEUTRAL, Git
from tools.updates.service import Service

PATCH = ("diff", "--binary", "--full-index", "--no-renames", "--no-color", "--no-ext-diff")


class Bench:
    """A repository with the objects of the service's, and a work tree of its own."""

    def __init__(self, home: Path) -> None:
        """Choose the folder for it."""
        self.home = home
        self.root = home / "copy"
        self.git = Git(self.root, **NEUTRAL)
        self._indexes = 0

    def at(self, folder: Path) -> Git:
        """Run git in another folder that belongs to the copy."""
        return Git(folder, **NEUTRAL)

    def create(self, object_format: str = "sha1") -> None:
        """Make it, empty."""
        self.root.mkdir()
        self.git.run("init", "--quiet", "--template=", f"--object-format={object_format}")

    def copy(self, service: Service) -> Path:
        """Make it of the last commit of a service, and return where the service is in it."""
        self.create(service.git.read("rev-parse", "--show-object-format"))
        objects = Path(service.folder, service.git.read("rev-parse", "--git-path", "objects"))
        shallow = Path(service.folder, service.git.read("rev-parse", "--git-path", "shallow"))
        alternates = self.root / ".git" / "objects" / "info" / "alternates"
        alternates.parent.mkdir(exist_ok=True)
        alternates.write_bytes(os.fsencode(objects.resolve()) + b"\n")
        if shallow.is_file():
            (self.root / ".git" / "shallow").write_bytes(shallow.read_bytes())
        self.git.run("update-ref", "HEAD", service.head)
        self.git.run("reset", "--quiet", "--hard")
        return self.root / service.prefix

    def write_tree(self, folder: Path, paths: Iterable[str]) -> str:
        """Return a tree of files of a folder, stored as git would store them there."""
        given = b"".join(os.fsencode(path) + b"\0" for path in sorted(paths))
        where = {"GIT_DIR": str(self.root / ".git"), "GIT_INDEX_FILE": self._new_index()}
        git = Git(folder, **NEUTRAL, **where, GIT_WORK_TREE=str(folder))
        git.run("update-index", "--add", "-z", "--stdin", given=given)
        return git.read("write-tree")

    def write_entries(self, entries: Iterable[tuple[str, str]]) -> str:
        """Return a tree of entries as ls-tree prints them, each with its path."""
        given = b"".join(os.fsencode(f"{entry}\t{path}\0") for path, entry in entries)
        index = self._new_index()
        self.git.run("update-index", "-z", "--index-info", given=given, index=index)
        return self.git.read("write-tree", index=index)

    def commit(self, tree: str, *parents: str) -> str:
        """Return a commit of a tree."""
        after = (argument for parent in parents for argument in ("-p", parent))
        return self.git.read("commit-tree", tree, *after, given=b"update\n")

    def diff(self, before: str, after: str) -> str:
        """Return the difference of two trees or two files, to be read."""
        return os.fsdecode(self.git.run("diff", "--no-color", "--no-ext-diff", before, after))

    def list_changes(self, before: str, after: str) -> list[tuple[str, tuple[str, ...]]]:
        """List the changes between two trees: a letter, and one path or two."""
        parts = iter(self.git.split("diff", "--name-status", "-z", "--find-renames", before, after))
        return [
            (letter[0], (next(parts), next(parts)) if letter[0] in "RC" else (next(parts),))
            for letter in parts
        ]

    def _new_index(self) -> str:
        self._indexes += 1
        return str(self.home / f"index-{self._indexes}")
