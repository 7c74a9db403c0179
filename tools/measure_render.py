"""Measure what rendering costs beside cookiecutter's own work: `python -m tools.measure_render`.

Its own work is to write as many files, of the same text, in which nothing is chosen.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVICE = "{{cookiecutter.__folder}}"
GOAL = 2.0


def make_empty_template(folder: Path) -> Path:
    """Write a template with one question, one file and no hooks."""
    rendered = make_folder(folder)
    (rendered / "README.md").write_text("{{ cookiecutter.name }}\n")
    return folder


def make_plain_template(folder: Path) -> Path:
    """Write a template of the service's files without what Jinja would do in them, and no hooks."""
    rendered = make_folder(folder)
    for path in sorted((ROOT / SERVICE).rglob("*")):
        place = rendered / path.relative_to(ROOT / SERVICE)
        if path.is_dir():
            place.mkdir()
        else:
            text = path.read_text(encoding="utf-8").replace("{{", "").replace("{%", "")
            place.write_text(text, encoding="utf-8")
    return folder


def make_folder(folder: Path) -> Path:
    """Begin a template with one question; return the folder of its files."""
    rendered = folder / "{{cookiecutter.name}}"
    rendered.mkdir(parents=True)
    (folder / "cookiecutter.json").write_text('{"name": "plain"}\n')
    return rendered


def measure(template: Path, home: Path) -> float:
    """Render a template as users do, and return the seconds of CPU that it took."""
    output_dir = home / "made"
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", str(output_dir)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [*command, str(template)],
        env={**os.environ, "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    shutil.rmtree(output_dir)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure_side_by_side(rounds: int) -> list[tuple[float, ...]]:
    """Render the templates in turn, so that a busy machine slows all; return rounds of seconds."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        templates = (ROOT, make_plain_template(home / "plain"), make_empty_template(home / "empty"))
        # The first of each fills the caches of the machine.
        return [
            tuple(measure(template, home) for template in templates) for _ in range(rounds + 1)
        ][1:]


def main() -> int:
    """Print a table, and fail when the goal is missed."""
    parser = argparse.ArgumentParser(prog="measure_render", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="renders of each (10)")
    measured = measure_side_by_side(parser.parse_args().rounds)
    ratio = statistics.median(ours / plain for ours, plain, _ in measured)
    ours, plain, empty = (statistics.median(each) for each in zip(*measured, strict=True))
    print("| rendering, CPU | median | ratio | goal |")
    print("| --- | --- | --- | --- |")
    print(f"| cookiecutter on an empty template | {empty:.2f} s | | |")
    print(f"| on as many files without a choice | {plain:.2f} s | 1 | |")
    print(f"| the default service | {ours:.2f} s | {ratio:.2f} | {GOAL:.0f} |")
    return int(ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
