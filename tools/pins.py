"""Refresh the pins: the render's constraints.txt and the repository's own requirements.txt."""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "{{cookiecutter.__folder}}"
# What the oldest supported Python can run; a pin may differ by version through a marker.
PYTHON = "3.11"
HEADING = """\
# Every version, transitive and of tools too, that this service was tested with; the same file for
# every choice of options. The template's maintainers refresh it; add your own pins to
# requirements-service.txt.
"""


def read_direct(path: Path) -> list[str]:
    """Return the requirements that a file names itself; in the template, for every option."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def compile_pins(requirements: list[str], old: Path, upgrade: list[str]) -> str:
    """Return exact pins for the requirements and all that they need, for every platform.

    Versions in `old` are kept, but for those named in `upgrade` ("*" stands for all).
    """
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", PYTHON]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--output-file", str(old), "-"]
    command += ["--upgrade" if name == "*" else f"--upgrade-package={name}" for name in upgrade]
    done = subprocess.run(
        command, input="\n".join(requirements), text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"pins: {done.stderr.strip()}")
    return old.read_text(encoding="utf-8")


def refresh(sources: list[Path], target: Path, heading: str, upgrade: list[str]) -> bool:
    """Write the pins of the sources to the target; return whether they changed."""
    before = target.read_text(encoding="utf-8") if target.exists() else ""
    requirements = sorted({line for source in sources for line in read_direct(source)})
    pins = compile_pins(requirements, target, upgrade)
    body = "".join(f"{line}\n" for line in pins.splitlines() if not line.startswith("#"))
    target.write_text(heading + body, encoding="utf-8")
    return heading + body != before


def main() -> None:
    """Compile both files and say which changed."""
    parser = argparse.ArgumentParser(prog="just pins", description=__doc__)
    parser.add_argument("package", nargs="*", help="raise this one only; without any, raise all")
    parser.add_argument("--keep", action="store_true", help="only add what is missing")
    options = parser.parse_args()
    upgrade = [] if options.keep else options.package or ["*"]
    sources = [TEMPLATE / "requirements-runtime.txt", TEMPLATE / "requirements.txt"]
    for target, inputs, heading in (
        (TEMPLATE / "constraints.txt", sources, HEADING),
        (ROOT / "requirements.txt", [ROOT / "requirements.in"], "# Made by `./just pins`.\n"),
    ):
        changed = refresh(inputs, target, heading, upgrade)
        sys.stdout.write(f"{target.relative_to(ROOT)}: {'changed' if changed else 'the same'}\n")


if __name__ == "__main__":
    main()
