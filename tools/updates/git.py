"""Run git, as its user or with no configuration but its own."""

import os
import shutil
import subprocess
from pathlib import Path

from tools.updates.errors import UpdateRefusedError

# What a hook of git sets for the programs that it starts: it would lead to another repository.
HIDDEN = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_WORK_TREE",
)
# Merges must not depend on who makes them.
NEUTRAL = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_AUTHOR_EMAIL": "update@localhost",
    "GIT_AUTHOR_NAME": "update",
    "GIT_COMMITTER_EMAIL": "update@localhost",
    "GIT_COMMITTER_NAME": "update",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class GitError(Exception):
    """Hold the last line of what git complained about."""


class Git:
    """Run git in a folder."""

    def __init__(self, folder: Path, **variables: str) -> None:
        """Set the variables for everything that is run here."""
        self.folder = folder
        self.variables = variables

    def attempt(
        self, *arguments: str, given: bytes = b"", index: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command that may fail."""
        own = {"GIT_INDEX_FILE": index} if index else {}
        return subprocess.run(
            [find_git(), *arguments],
            cwd=self.folder,
            env=clean_environment() | self.variables | own,
            input=given,
            capture_output=True,
            check=False,
        )

    def run(self, *arguments: str, given: bytes = b"", index: str = "") -> bytes:
        """Return what a command prints, perhaps with an index of its own; raises GitError."""
        done = self.attempt(*arguments, given=given, index=index)
        if done.returncode != 0:
            raise GitError(read_complaint(done.stderr))
        return done.stdout

    def read(self, *arguments: str, given: bytes = b"", index: str = "") -> str:
        """Return the line, or the lines, that a command prints."""
        return os.fsdecode(self.run(*arguments, given=given, index=index)).strip()

    def split(self, *arguments: str) -> list[str]:
        """Return what a command prints between zero bytes."""
        return [os.fsdecode(part) for part in self.run(*arguments).split(b"\0") if part]


def find_git() -> str:
    """Return the path of git; raises UpdateRefusedError."""
    found = shutil.which("git")
    if found is None:
        raise UpdateRefusedError("git was not found: install it.")
    return found


def clean_environment() -> dict[str, str]:
    """Return the environment without what binds git to another repository."""
    kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    return kept | {"LC_ALL": "C", "GIT_LITERAL_PATHSPECS": "1"}


def read_complaint(stderr: bytes) -> str:
    """Return the one line in which git says what is wrong."""
    lines = [line.strip() for line in os.fsdecode(stderr).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (telling or lines or ["it said nothing"])[0]
