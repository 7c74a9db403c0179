"""The service that is updated, in the git repository of its team."""

import os
from dataclasses import dataclass
from pathlib import Path

from tools.updates import state
from tools.updates.errors import UpdateRefusedError
from tools.updates.git import Git, GitError

SHOWN = 5


@dataclass(frozen=True)
class Service:
    """A service whose files are all committed."""

    folder: Path
    git: Git
    root: Path
    prefix: str
    """Where the service is in its repository, empty or with a slash at the end."""
    head: str

    @classmethod
    def open(cls, folder: Path) -> "Service":
        """Find the repository; raises UpdateRefusedError unless git holds every file as it is."""
        git = Git(folder)
        try:
            root = Path(git.read("rev-parse", "--show-toplevel"))
            prefix = git.read("rev-parse", "--show-prefix")
        except GitError as error:
            raise UpdateRefusedError(explain(folder, str(error))) from None
        service = cls(folder, git, root, prefix, read_head(git))
        if state.NAME not in service.read_entries():
            raise UpdateRefusedError(
                f"No commit holds {folder / state.NAME}: git add and git commit the service first, "
                "so that nothing can be lost."
            )
        service.check_clean()
        return service

    def check_clean(self) -> None:
        """Refuse a work tree with changes, or with files that git does not know."""
        if changed := list_changes(self.git):
            shown = ", ".join(changed[:SHOWN])
            more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
            raise UpdateRefusedError(
                f"{self.folder} has changes that are not committed ({shown}{more}): "
                "commit or stash them first, so that nothing can be lost."
            )

    def check_unchanged(self) -> None:
        """Refuse to go on where somebody worked in the meantime."""
        self.check_clean()
        if read_head(self.git) != self.head:
            raise UpdateRefusedError(
                f"{self.folder} has got a new commit in the meantime: run this again."
            )

    def read_entries(self) -> dict[str, str]:
        """Return the mode and the hash of each file of the last commit, by its path from here."""
        if not self.head:
            return {}
        lines = self.git.attempt(
            "ls-tree", "-r", "-z", "--full-tree", f"{self.head}:{self.prefix}"
        ).stdout
        pairs = (os.fsdecode(line).split("\t", 1) for line in lines.split(b"\0") if line)
        return {path: entry for entry, path in pairs}


def explain(folder: Path, complaint: str) -> str:
    """Return the sentence for a folder in which git does not work."""
    if "not a git repository" in complaint:
        return (
            f"{folder} is in no git repository: git init, git add and git commit it first, "
            "so that nothing can be lost."
        )
    return f"git does not work in {folder}: {complaint}."


def read_head(git: Git) -> str:
    """Return the commit that is checked out, or nothing."""
    done = git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return os.fsdecode(done.stdout).strip()


def list_changes(git: Git) -> list[str]:
    """List what is not committed below a folder."""
    status = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    return [line[3:] for line in git.split(*status, "--ignore-submodules=all", "--", ".")]
