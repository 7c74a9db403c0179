"""Release a version of the template: a commit and a tag, in this repository only."""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from hooks.pre_gen_project import quote
from tools.interface import RECORD, find_breaks, list_services, read
from tools.new import TEMPLATE
from tools.pins import refresh_all
from tools.versions import QUESTIONS, Version, find_note, parse, read_version

CHANGELOG = "CHANGELOG.md"
UNRELEASED = "## Unreleased\n"
UNRELEASED_VERSION = Version(0, 0, 0)
PINS = "{{cookiecutter.__folder}}/constraints.txt"
PIN = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
Refresh = Callable[[list[str], Path], object]
ENTRY = re.compile(r"^- ", re.MULTILINE)


class ReleaseRefusedError(Exception):
    """Say in one sentence why there is no release, and what to do."""


def release(text: str, template: Path = TEMPLATE) -> Version:
    """Commit and tag a version; raises ReleaseRefusedError, and then nothing has changed."""
    if git(template, "status", "--porcelain"):
        raise ReleaseRefusedError("Something here is not committed: commit it, or take it away.")
    before = read_version(template)
    version = check_version(text, before)
    if git(template, "tag", "--list", version.tag):
        raise ReleaseRefusedError(
            f"The tag {version.tag} is there already: delete it, or go on from it."
        )
    return publish(before, version, template)


def publish(before: Version, version: Version, template: Path) -> Version:
    """Commit and tag a version that may come next; raises ReleaseRefusedError."""
    changelog = move_unreleased((template / CHANGELOG).read_text(encoding="utf-8"), version)
    check_interface(before, version, template)
    questions = (template / QUESTIONS).read_text(encoding="utf-8")
    questions = questions.replace(f'"__version": "{before}"', f'"__version": "{version}"')
    try:
        (template / CHANGELOG).write_text(changelog, encoding="utf-8")
        (template / QUESTIONS).write_text(questions, encoding="utf-8")
        git(template, "commit", "--quiet", "--all", "--message", f"chore: release {version}")
    except BaseException:
        git(template, "checkout", "--quiet", "HEAD", "--", CHANGELOG, QUESTIONS)
        raise
    git(template, "tag", "--annotate", "--message", f"Version {version}", version.tag)
    return version


def check_version(text: str, before: Version) -> Version:
    """Return the version to release; raises ReleaseRefusedError if it cannot come next."""
    version = parse(text)
    if version not in before.nexts:
        nexts = ", ".join(map(str, before.nexts[:-1])) + f" or {before.nexts[-1]}"
        raise ReleaseRefusedError(f"{quote(text)} cannot follow {before}: release {nexts}.")
    return version


def move_unreleased(changelog: str, version: Version) -> str:
    """Return the changelog with what is unreleased under a version and today's date."""
    head, heading, rest = changelog.partition(UNRELEASED)
    changes, older, oldest = rest.partition("\n## ")
    if not heading or not ENTRY.search(changes):
        raise ReleaseRefusedError(
            f"{CHANGELOG} has nothing under Unreleased: write what users will notice."
        )
    today = datetime.now(UTC).date().isoformat()
    return f"{head}{UNRELEASED}\n## {version} - {today}\n{changes}{older}{oldest}"


def check_interface(before: Version, version: Version, template: Path) -> None:
    """Refuse what breaks services under a number that promises not to."""
    if before == UNRELEASED_VERSION:
        return
    if not git(template, "tag", "--list", before.tag):
        raise ReleaseRefusedError(
            f"The tag {before.tag} of the last release is not here: fetch the tags of the origin."
        )
    if version == before.next_major:
        note = find_note(version, template)
        if not note.is_file():
            raise ReleaseRefusedError(
                f"A major version needs {note.relative_to(template)}: write what a team changes, "
                "with the code before and after."
            )
        return
    old = git(template, "show", f"{before.tag}:{RECORD}")
    new = (template / RECORD).read_text(encoding="utf-8")
    services = sorted(list_services(old) & list_services(new))
    breaks = find_breaks(read(old, services), read(new, services))
    if breaks:
        raise ReleaseRefusedError(
            f"{version} would break services: {breaks[0]} Keep that, or release "
            f"{before.next_major}; docs/adr/0043-compatibility-is-recorded.md tells the rule."
        )


def git(template: Path, *arguments: str) -> str:
    """Return what git says; raises ReleaseRefusedError with its complaint."""
    done = subprocess.run(
        ["git", "-C", str(template), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise ReleaseRefusedError(f"git {arguments[0]} failed: {said[-1]}")
    return done.stdout.strip()


def release_pins(
    packages: Sequence[str], template: Path = TEMPLATE, refresh: Refresh = refresh_all
) -> Version:
    """Raise pins and release nothing but that; raises ReleaseRefusedError."""
    if git(template, "status", "--porcelain"):
        raise ReleaseRefusedError("Something here is not committed: commit it, or take it away.")
    before = read_version(template)
    if not git(template, "tag", "--list", before.tag):
        raise ReleaseRefusedError(
            f"The tag {before.tag}, whose pins would be raised, is not here: fetch the tags of the "
            "origin; ./just release VERSION makes a first release."
        )
    changed = git(template, "diff", "--name-only", before.tag, "HEAD").splitlines()
    if changed:
        raise ReleaseRefusedError(
            f"More than pins would be released: {changed[0]} has changed since {before.tag}. "
            "Release all of it by ./just release VERSION, or begin at the tag: "
            f"git switch --create pins {before.tag}."
        )
    path = template / PINS
    old = read_pins(path)
    try:
        refresh(list(packages) or ["*"], template)
        raised = {name: pin for name, pin in read_pins(path).items() if old.get(name) != pin}
        if not raised:
            raise ReleaseRefusedError("No pin has changed, so there is nothing to release.")
        pins = ", ".join(f"{name} {' and '.join(pin)}" for name, pin in raised.items())
        changelog = (template / CHANGELOG).read_text(encoding="utf-8")
        entry = f"{UNRELEASED}\n### Changed\n\n- Pins: {pins}.\n"
        text = changelog.replace(UNRELEASED, entry, 1)
        (template / CHANGELOG).write_text(text, encoding="utf-8")
        return publish(before, before.nexts[0], template)
    except BaseException:
        git(template, "checkout", "--quiet", "HEAD", "--", ".")
        raise


def read_pins(path: Path) -> dict[str, list[str]]:
    """Return the versions of each library that a template pins."""
    pins: dict[str, list[str]] = {}
    for name, version in PIN.findall(path.read_text(encoding="utf-8")):
        pins.setdefault(name, []).append(version)
    return pins


def main(arguments: Sequence[str] | None = None) -> int:
    """Release the version that the command line names, and say what is left to do."""
    parser = argparse.ArgumentParser(prog="./just release", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("version", nargs="?", metavar="VERSION", help="the next one, such as 1.2.0")
    what.add_argument(
        "--pins", nargs="*", metavar="NAME", help="raise all pins, or these, and release only that"
    )
    options = parser.parse_args(arguments)
    try:
        pins = options.pins
        version = release(options.version) if pins is None else release_pins(pins)
    except ReleaseRefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print(f"{version.tag} is committed and tagged here. Publish it: git push origin HEAD --tags")
    return 0


if __name__ == "__main__":
    sys.exit(main())
