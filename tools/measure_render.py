"""Measure what rendering costs beside cookiecutter's own work: `python -m tools.measure_render`."""

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
GOAL = 3.0


def make_empty_template(folder: Path) -> Path:
    """Write a template with one question, one file and no hooks."""
    rendered = folder / "{{cookiecutter.name}}"
    rendered.mkdir(parents=True)
    (rendered / "README.md").write_text("{{ cookiecutter.name }}\n")
    (folder / "cookiecutter.json").write_text('{"name": "empty"}\n')
    return folder


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


def measure_side_by_side(rounds: int) -> tuple[list[float], list[float]]:
    """Render both templates in turn, so that a busy machine slows both."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        empty = make_empty_template(home / "empty")
        # The first of each fills the caches of the machine.
        pairs = [(measure(ROOT, home), measure(empty, home)) for _ in range(rounds + 1)][1:]
    ours, bare = zip(*pairs, strict=True)
    return list(ours), list(bare)


def main() -> int:
    """Print a table, and fail when the goal is missed."""
    parser = argparse.ArgumentParser(prog="measure_render", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="renders of each (10)")
    ours, bare = measure_side_by_side(parser.parse_args().rounds)
    ratio = statistics.median(our / its for our, its in zip(ours, bare, strict=True))
    print("| rendering, CPU | median | ratio | goal |")
    print("| --- | --- | --- | --- |")
    print(f"| cookiecutter on an empty template | {statistics.median(bare):.2f} s | 1 | |")
    print(f"| the default service | {statistics.median(ours):.2f} s | {ratio:.2f} | {GOAL:.0f} |")
    return int(ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
