"""Refresh the pins: the render's constraints.txt and the repository's own requirements.txt."""

import argparse
import re
import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "{{cookiecutter.__folder}}"
# What the oldest supported Python can run; a pin may differ by version through a marker.
PYTHON = "3.11"
HEADING = """\
# Every version, transitive and of tools too, that this service was tested with; the same file for
# every choice of options. The template's maintainers refresh it; `./just patch NAME==VERSION` goes
# ahead of it.
"""
OWN_HEADING = "# Made by `./just pins`.\n"
# What recipes of renders run in an environment of its own.
RECIPES = ["cyclonedx-bom"]
RUNTIME = "requirements-runtime.txt"
LOCK = "requirements-runtime.lock"
PINNED_BY = re.compile(r"^    #   -c .*\n", re.MULTILINE)


def read_direct(path: Path) -> list[str]:
    """Return the requirements that a file names itself; in the template, for every option."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def compile_pins(requirements: list[str], old: Path, options: list[str]) -> str:
    """Return exact pins for the requirements and all that they need, for every platform.

    Versions in `old` are kept, but for those that the options raise.
    """
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", PYTHON]
    command += ["--no-header", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--output-file", str(old), *options, "-"]
    done = subprocess.run(
        command, input="\n".join(requirements), text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"pins: {done.stderr.strip()}")
    return old.read_text(encoding="utf-8")


def refresh(requirements: list[str], target: Path, heading: str, upgrade: list[str]) -> bool:
    """Write the pins of requirements to the target; return whether they changed."""
    before = target.read_text(encoding="utf-8") if target.exists() else ""
    options = ["--upgrade" if name == "*" else f"--upgrade-package={name}" for name in upgrade]
    pins = compile_pins(sorted(set(requirements)), target, ["--no-annotate", *options])
    body = "".join(f"{line}\n" for line in pins.splitlines() if not line.startswith("#"))
    target.write_text(heading + body, encoding="utf-8")
    return heading + body != before


def refresh_all(upgrade: list[str], root: Path = ROOT) -> dict[Path, bool]:
    """Write all pins; return which of the files that hold them have changed."""
    template = root / TEMPLATE.name
    direct = [*read_direct(template / RUNTIME), *read_direct(template / "requirements.txt")]
    changed = {
        target: refresh(requirements, target, heading, upgrade)
        for target, requirements, heading in (
            (template / "constraints.txt", [*direct, *RECIPES], HEADING),
            (root / "requirements.txt", read_direct(root / "requirements.in"), OWN_HEADING),
        )
    }
    lock_template(template)
    return changed


def lock_template(template: Path = TEMPLATE) -> None:
    """Write what follows from the pins: the constraints in force, and the hashes of all libraries.

    Of the lock, which says why each library is there, the hook leaves what a service needs.
    """
    pins, lock = template / "constraints.txt", template / LOCK
    merge = runpy.run_path(str(template / "tools" / "lock.py"))["merge"]
    (template / "constraints-effective.txt").write_text(merge(template, {}), encoding="utf-8")
    options = ["--generate-hashes", "--annotation-style=split", "--constraints", str(pins)]
    direct = sorted(set(read_direct(template / RUNTIME)))
    text = PINNED_BY.sub("", compile_pins(direct, lock, options))
    lock.write_text(re.sub(r"    # via -c .*\n", "", text), encoding="utf-8")


def main() -> None:
    """Compile both files and say which changed."""
    parser = argparse.ArgumentParser(prog="just pins", description=__doc__)
    parser.add_argument("package", nargs="*", help="raise this one only; without any, raise all")
    parser.add_argument("--keep", action="store_true", help="only add what is missing")
    options = parser.parse_args()
    upgrade = [] if options.keep else options.package or ["*"]
    for target, changed in refresh_all(upgrade).items():
        sys.stdout.write(f"{target.relative_to(ROOT)}: {'changed' if changed else 'the same'}\n")


if __name__ == "__main__":
    main()
