"""Where a service comes from: what it needs to be updated, written as cruft writes it."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cookiecutter.config import get_user_config
from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config

NAME = ".cruft.json"
SOURCES = ("cookiecutter.json", "hooks", "{{cookiecutter.__folder}}")


class NoOriginError(Exception):
    """Say why what is rendered here cannot be updated."""


@dataclass(frozen=True)
class Origin:
    """A commit of the template, and where others find it."""

    template: str
    commit: str

    def write(self, service: Path, folder: Path, answers: Mapping[str, object]) -> None:
        """Write into a service rendered from a folder what `cruft create` would."""
        context = generate_context(
            context_file=str(folder / "cookiecutter.json"),
            default_context=get_user_config()["default_context"],
            extra_context=dict(answers),
        )
        context["cookiecutter"] = prompt_for_config(context, no_input=True)
        context["cookiecutter"] |= {"_template": self.template, "_commit": self.commit}
        state: dict[str, Any] = {
            "template": self.template,
            "commit": self.commit,
            "checkout": None,
            "context": context,
            "directory": None,
        }
        text = json.dumps(state, ensure_ascii=False, indent=2) + "\n"
        (service / NAME).write_text(text, encoding="utf-8")


def find_origin(folder: Path) -> Origin:
    """Return where the template in a folder comes from; raises NoOriginError."""
    if read(folder, "rev-parse", "--show-toplevel") != str(folder.resolve()):
        raise NoOriginError("the template is not a git repository")
    commit = read(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        raise NoOriginError("the template's repository has no commit")
    if read(folder, "--literal-pathspecs", "status", "--porcelain", "--", *SOURCES) != "":
        raise NoOriginError("the template has changes that are not committed")
    url = read(folder, "remote", "get-url", "origin")
    pushed = read(folder, "branch", "--remotes", "--list", "origin/*", "--contains", commit)
    return Origin(hide_login(url) if url and pushed else str(folder.resolve()), commit)


def read(folder: Path, *arguments: str) -> str | None:
    """Return what git says about a folder, or None where it refuses."""
    # Inside a hook of git, they would lead to another repository.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def hide_login(url: str) -> str:
    """Return a URL without the password that it may hold: the file is committed."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("http"):
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
