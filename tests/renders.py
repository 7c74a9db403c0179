"""Rendered services, each made once for as long as the template stays as it is.

A render is shared by every test, worker and run: nothing may write into it.
"""

import hashlib
import os
import runpy
import shutil
import sys
import time
from collections.abc import Hashable, Iterable, Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cookiecutter
from binaryornot.check import is_binary
from cookiecutter import generate, hooks
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter as run_cookiecutter
from jinja2 import Environment

from tests.combinations import SUPPORTED, Answer, Combination
from tests.small_template import FOLDER, ROOT

RENDERS = ROOT / "build" / "renders"
SOURCES = ("cookiecutter.json", "hooks", FOLDER)
NAME = "my-service"
# Another run, of an older template, may still be reading what it rendered.
KEPT_SECONDS = 3600
# Where pytest's first process tells its workers which template they test.
VARIABLE = "RENDERS_OF_THIS_TEMPLATE"
# What all but the files of CI and of Kubernetes depend on.
QUESTIONS = ("interface", "broker", "database", "cache")
# Jinja takes most of the time of a render for what is the same in all of them.
COMPILE: Any = Environment.compile
COMPILED: dict[Hashable, object] = {}


@dataclass(frozen=True)
class Part:
    """Files that depend on some questions only, so that one render of each kind is enough."""

    patterns: tuple[str, ...]
    questions: tuple[str, ...] = QUESTIONS
    needs: Mapping[str, Answer] = field(default_factory=dict)

    def key(self, combination: Combination) -> tuple[Answer, ...]:
        """Return the answers that the files depend on."""
        return tuple(combination[question] for question in self.questions)

    def holds(self, combination: Combination) -> bool:
        """Tell whether a service with these answers has the files."""
        return all(combination[question] == answer for question, answer in self.needs.items())

    def representatives(self) -> list[Combination]:
        """Return one combination for each way the files can look."""
        having = sorted(filter(self.holds, SUPPORTED), key=lambda each: (self.key(each), str(each)))
        return [next(group) for _, group in groupby(having, key=self.key)]


PARTS = {
    "code": Part(("**/*.py", "alembic.ini", "requirements*.txt")),
    "project": Part(("pyproject.toml",), questions=(*QUESTIONS, "ci", "kubernetes")),
    "recipes": Part(("justfile", "*.just", "just")),
    "compose": Part(("docker-compose.yml", "Dockerfile", "deploy/observability/**/*")),
    "github": Part((".github/**/*",), needs={"ci": "github"}),
    "gitlab": Part((".gitlab-ci.yml", "renovate.json"), needs={"ci": "gitlab"}),
    "kubernetes": Part(("deploy/kubernetes/**/*",), needs={"kubernetes": True}),
}


def list_files(folder: Path, patterns: Iterable[str] = ("**/*",)) -> list[Path]:
    """List the files below a folder that match, in order."""
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return sorted(paths)


def fingerprint(folder: Path, patterns: Iterable[str] = ("**/*",)) -> str:
    """Return a hash of the names, the contents and the permissions of files."""
    digest = hashlib.sha256()
    for path in list_files(folder, patterns):
        content = path.read_bytes()
        runs = os.access(path, os.X_OK)
        digest.update(f"{path.relative_to(folder)} {runs} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


@cache
def take_snapshot() -> Path:
    """Copy the template, so that an edit during a run cannot mix two of them."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    partial = RENDERS / f"partial.{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    template = partial / "template"
    template.mkdir(parents=True)
    for name in SOURCES:
        copy_source(ROOT / name, template / name)
    home = RENDERS / f"{fingerprint(template)}-{cookiecutter.__version__}"
    publish(partial, home)
    home.touch()
    remove_old(home)
    os.environ[VARIABLE] = str(home)
    return home


def copy_source(source: Path, target: Path) -> None:
    """Copy a file or a folder of the template, without what tools leave there."""
    if source.is_dir():
        leftovers = shutil.ignore_patterns("__pycache__", ".*_cache")
        shutil.copytree(source, target, ignore=leftovers)
    else:
        shutil.copy2(source, target)


def publish(partial: Path, target: Path) -> None:
    """Move a complete folder to its place, unless somebody else was faster."""
    try:
        partial.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(partial)


def remove_old(current: Path) -> None:
    """Delete the renders of templates that are no more."""
    for path in RENDERS.iterdir():
        if path != current and path.stat().st_mtime < time.time() - KEPT_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def compile_once(environment: Environment, *given: Hashable) -> object:
    """Return the code of a text in the template, whose renders differ in the answers only."""
    key = (environment.block_start_string, *given)
    if key not in COMPILED:
        COMPILED[key] = COMPILE(environment, *given)
    return COMPILED[key]


@cache
def find_binary(path: str) -> bool:
    """Tell whether a file of the template is copied as it is, once for all renders."""
    return bool(is_binary(path))


def run_script(path: str, folder: str | Path) -> None:
    """Run a hook in this process: each render would start two."""
    with chdir(folder):
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as ended:
            if isinstance(ended.code, str):
                print(ended.code, file=sys.stderr)
            if ended.code:
                raise FailedHookException(f"the hook ended with {ended.code}") from ended


def render_into(folder: Path, answers: Mapping[str, Answer]) -> Path:
    """Render a service below a folder, untouched by the configuration of whoever runs this."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "cookiecutter.yml"
    configuration.write_text(f"replay_dir: {folder / 'replay'}\ncookiecutters_dir: {folder}\n")
    with (
        patch.object(Environment, "compile", compile_once),
        patch.object(generate, "is_binary", find_binary),
        patch.object(hooks, "run_script", run_script),
    ):
        rendered = run_cookiecutter(
            str(take_snapshot() / "template"),
            no_input=True,
            extra_context=dict(answers),
            output_dir=str(folder / "made"),
            config_file=str(configuration),
            accept_hooks=True,
        )
    return Path(rendered)


def render(combination: Combination) -> Path:
    """Return the rendered service with these answers, which is there already or made now."""
    home = take_snapshot()
    target = home / str(combination)
    if not target.is_dir():
        partial = home / f"partial.{os.getpid()}"
        render_into(partial, combination.answers)
        publish(partial / "made", target)
        shutil.rmtree(partial)
    return target / NAME


def render_distinct(part: Part, among: Iterable[Combination]) -> list[Path]:
    """Return a rendered service for each different content of these files."""
    folders = map(render, filter(part.holds, among))
    return list({fingerprint(folder, part.patterns): folder for folder in folders}.values())
