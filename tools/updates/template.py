"""The checkout of the template that a service is updated to."""

import json
from pathlib import Path
from typing import Any

from tools.updates.errors import UpdateRefusedError
from tools.updates.git import Git, GitError
from tools.updates.outcome import Version

# What a render depends on; the rest are documents and tests of the template.
SOURCES = ("cookiecutter.json", "hooks", "{{cookiecutter.__folder}}")
NEWS = "CHANGELOG.md"


class Template:
    """A git checkout of the template."""

    def __init__(self, folder: Path) -> None:
        """Read the commit that is checked out; raises UpdateRefusedError."""
        self.folder = folder
        self.git = Git(folder, GIT_TERMINAL_PROMPT="0")
        try:
            self.latest = self.find("HEAD")
        except GitError as error:
            raise UpdateRefusedError(f"{folder} is no template under git ({error}).") from error

    def find(self, reference: str) -> Version:
        """Return a version by its commit, its tag or its branch; raises GitError."""
        commit = self.git.read("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
        return Version(str(self.read_questions(commit).get("__version", "")), commit)

    def find_recorded(self, commit: str) -> Version:
        """Return the version that a service was made of; raises UpdateRefusedError."""
        # A server may still have what no branch of it holds any more.
        if self.git.attempt("cat-file", "-e", f"{commit}^{{commit}}").returncode != 0:
            self.git.attempt("fetch", "--quiet", "origin", commit)
        try:
            return self.find(commit)
        except GitError:
            raise UpdateRefusedError(
                f"The template no longer has the commit {commit[:12]} that .cruft.json names: "
                "delete .cruft.json, and `./just template-update --link TEMPLATE --version VERSION`"
                " writes it again."
            ) from None

    def read_questions(self, commit: str) -> dict[str, Any]:
        """Return cookiecutter.json as a commit has it."""
        text = self.git.run("show", f"{commit}:cookiecutter.json")
        questions: dict[str, Any] = json.loads(text)
        return questions

    def is_ahead(self, commit: str) -> bool:
        """Tell whether a commit comes after the one that is checked out."""
        asked = ("merge-base", "--is-ancestor", self.latest.commit, commit)
        return commit != self.latest.commit and self.git.attempt(*asked).returncode == 0

    def count_changes(self, commit: str) -> int:
        """Count the later commits that change what is rendered."""
        between = f"{commit}..{self.latest.commit}"
        if self.git.attempt(
            "diff", "--quiet", commit, self.latest.commit, "--", *SOURCES
        ).returncode:
            return max(1, int(self.git.read("rev-list", "--count", between, "--", *SOURCES)))
        return 0

    def read_news(self, commit: str) -> tuple[str, ...]:
        """Return the lines that the CHANGELOG has got since a commit."""
        between = ("diff", "--unified=0", "--no-color", "--no-ext-diff", commit, self.latest.commit)
        lines = self.git.read(*between, "--", NEWS).splitlines()
        added = (line[1:].rstrip() for line in lines if line.startswith("+") and line[:3] != "+++")
        return tuple(line for line in added if line and not line.startswith("#"))
