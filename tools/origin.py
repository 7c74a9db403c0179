"""Where a service comes from: what it needs to be updated, written as cruft writes it."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

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
    return Origin(find_address(folder.resolve(), commit), commit)


def find_address(folder: Path, commit: str, seen: frozenset[Path] = frozenset()) -> str:
    """Return where others find a commit that a folder holds: its path, if it has not been fetched.

    The origin of a clone may itself be a clone on this machine, whose origin others reach.
    """
    url = read(folder, "remote", "get-url", "origin")
    if not url or not is_fetched(folder, commit):
        return str(folder)
    path = find_path(url, folder)
    if path is None:
        return hide_login(url)
    # Without the folder that it names, the clone is all there is; two can name each other.
    if not path.exists() or path in seen or path == folder:
        return str(folder)
    return find_address(path, commit, seen | {folder})


def is_fetched(folder: Path, commit: str) -> bool:
    """Tell whether a repository has a commit from its origin; a clone can be of one tag alone."""
    fetched = (read(folder, "config", "--get-all", "remote.origin.fetch") or "").split()
    written = [each.partition(":")[2].removesuffix("/*") for each in fetched if ":" in each]
    return bool(written and read(folder, "for-each-ref", "--contains", commit, *written))


def find_path(url: str, folder: Path) -> Path | None:
    """Return the folder that git takes for the URL of a folder's remote, if it takes one."""
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path)).resolve()
    # As git reads it: `host:path` is another machine, `./a:b` is not.
    if "://" in url or ":" in url.partition("/")[0]:
        return None
    return (folder / url).resolve()


def name_address(address: str, commit: str) -> str:
    """Return what a service may remember of an address that was typed here."""
    path = find_path(address, Path.cwd())
    return hide_login(address) if path is None else find_address(path, commit)


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
    """Return a URL without the password that it may hold: the file is committed.

    ssh needs the user's name; elsewhere it may be a token.
    """
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    if parts.scheme.endswith("ssh") and login:
        host = f"{login.partition(':')[0]}@{host}"
    return parts._replace(netloc=host).geturl() if "://" in url else url
