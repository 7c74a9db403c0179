"""A throwaway template with the real questions and hooks, rendered by the real commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "{{cookiecutter.__folder}}"


def make_template(folder: Path, files: dict[str, str]) -> Path:
    """Copy the real questions, hooks and `just` beside the given template files."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "hooks", folder / "hooks", ignore=ignored)
    shutil.copy(ROOT / "cookiecutter.json", folder)
    (folder / FOLDER).mkdir()
    shutil.copy(ROOT / FOLDER / "just", folder / FOLDER)
    for name, text in files.items():
        path = folder / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def run_module(
    module: str, *arguments: str, home: Path, cwd: Path, answers: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run an installed command in an empty home, with these lines typed at its prompts."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "PWD": str(cwd),
        "PYTHONUTF8": "1",
        "TERM": "dumb",
    }
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env=environment,
        input=answers,
        capture_output=True,
        text=True,
        check=False,
    )


def render(
    template: Path, *answers: str, home: Path, output_dir: Path
) -> subprocess.CompletedProcess[str]:
    """Render a template with these answers and no question asked."""
    output_dir.mkdir(exist_ok=True)
    arguments = ("--no-input", "--output-dir", str(output_dir), str(template), *answers)
    return run_module("cookiecutter", *arguments, home=home, cwd=template.parent)
