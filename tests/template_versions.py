"""A small template with versions, and a service that was made of the first of them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.programs import find_program
from tests.small_template import FOLDER, ROOT, make_template
from tools.updates import Outcome, update

IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")
# Recipes that do at once what those of a service take a minute for.
JUSTFILE = """\
set positional-arguments

install:
    @! grep -s . requirements-service.txt

settings *options:
    @ls app > .env.example

check:
    @! grep -rn broken app

template-update *options:
    @python3 tools/template.py update "$@"

template-diff *options:
    @python3 tools/template.py diff "$@"

template-check *options:
    @python3 tools/template.py check "$@"
"""
PROJECT = """\
[project]
name = "{% cookiecutter.service_name %}"

[tool.cruft]
skip = ["app/domain", "README.md", ".env.example"]

[tool.cookiecutter-microservice]
interface = "{% cookiecutter.interface %}"
"""
LINES = "".join(f"line_{number} = {number}\n" for number in range(1, 21))
FIRST = {
    "app/core.py": LINES,
    "app/domain/rules.py": "starter = 1\n",
    "README.md": "starter\n",
    ".env.example": "",
    "justfile": JUSTFILE,
    "pyproject.toml": PROJECT.replace("{%", "{{").replace("%}", "}}"),
}

Files = Mapping[str, str | bytes | None]
"""What to write, or None to delete, by path."""


@dataclass
class Versions:
    """A template under git and a service under git beside it."""

    template: Path
    service: Path
    said: list[str] = field(default_factory=list)

    def release(self, files: Files, questions: Mapping[str, Any] | None = None) -> str:
        """Make another version of the template, perhaps with other questions."""
        write(self.template / FOLDER, files)
        path = self.template / "cookiecutter.json"
        asked = json.loads(path.read_text(encoding="utf-8")) | dict(questions or {})
        kept = {name: each for name, each in asked.items() if each is not None}
        path.write_text(json.dumps(kept, indent=2), encoding="utf-8")
        return commit(self.template)

    def edit(self, files: Files) -> str:
        """Do what a team does to its service."""
        write(self.service, files)
        return commit(self.service)

    def update(self, **options: Any) -> Outcome:
        """Update the service to the latest version, without its checks unless they are wanted."""
        self.said.clear()
        given: dict[str, Any] = {"template": self.template, "address": str(self.template)}
        return update(self.service, **given | {"say": self.said.append, "check": False} | options)

    def read(self, name: str) -> str:
        """Return a file of the service."""
        return (self.service / name).read_text(encoding="utf-8")

    def git(self, *arguments: str) -> str:
        """Run git in the service."""
        return git(self.service, *arguments)

    def state(self) -> dict[str, Any]:
        """Return what the service remembers of the template."""
        content: dict[str, Any] = json.loads(self.read(".cruft.json"))
        return content


def write(folder: Path, files: Files) -> None:
    """Write or delete files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8", newline="")


def git(folder: Path, *arguments: str) -> str:
    """Run git, which must succeed, and return what it printed."""
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(folder: Path) -> str:
    """Commit all of a folder, and return the commit."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "change")
    return git(folder, "rev-parse", "HEAD").strip()


def create(template: Path, home: Path, answers: Mapping[str, object] | None = None) -> Path:
    """Create a service with cruft, as users may."""
    command = [sys.executable, "-m", "cruft", "create", "--default-config", "--no-input"]
    command += ["--output-dir", str(home), "--extra-context", json.dumps(dict(answers or {}))]
    subprocess.run([*command, str(template)], capture_output=True, check=True)
    return home / str((answers or {}).get("service_name", "my-service"))


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return all that is in a work tree and what its index holds."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    there = {str(path.relative_to(folder)): path for path in files}
    content = {name: (path.stat().st_mode, path.read_bytes()) for name, path in there.items()}
    told = {
        ":status": git(folder, "status", "--porcelain", "--ignored"),
        ":head": git(folder, "rev-parse", "HEAD"),
    }
    return content | {name: (0, text.encode()) for name, text in told.items()}


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a template, and a service of it with cruft; both are copied for each test."""
    home = tmp_path_factory.mktemp("versions")
    template = make_template(home / "template", {})
    write(template / FOLDER, FIRST)
    commit(template)
    commit(create(template, home))
    return home


def find_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let just and uv be found, which `./just` of a service would install otherwise."""
    for name in ("just", "uv"):
        monkeypatch.setenv("PATH", str(Path(find_program(name)).parent), prepend=":")


@pytest.fixture
def versions(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """Copy a template and a service that cruft created of it."""
    find_programs(monkeypatch)
    for name in ("template", "my-service"):
        shutil.copytree(first / name, tmp_path / name)
    made = Versions(tmp_path / "template", tmp_path / "my-service")
    text = made.read(".cruft.json").replace(str(first / "template"), str(made.template))
    made.edit({".cruft.json": text})
    return made


def add_engine(template: Path) -> None:
    """Put the engine and what starts it into a small template."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tools" / "updates", template / "tools" / "updates", ignore=ignored)
    shutil.copy(ROOT / "tools" / "origin.py", template / "tools")
    shutil.copy(ROOT / "requirements.txt", template)
    (template / FOLDER / "tools").mkdir(exist_ok=True)
    shutil.copy(ROOT / FOLDER / "tools" / "template.py", template / FOLDER / "tools")
    commit(template)
