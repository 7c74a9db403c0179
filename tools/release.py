"""Release a version of the template: a commit and a tag, in this repository only."""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hooks.pre_gen_project import quote
from tools.interface import RECORD, find_breaks, list_services, read
from tools.new import TEMPLATE
from tools.versions import QUESTIONS, Version, find_note, parse, read_version

CHANGELOG = "CHANGELOG.md"
UNRELEASED = "## Unreleased\n"
UNRELEASED_VERSION = Version(0, 0, 0)
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Release the version that the command line names, and say what is left to do."""
    parser = argparse.ArgumentParser(prog="./just release", description=__doc__)
    parser.add_argument("version", metavar="VERSION", help="the next one, such as 1.2.0")
    try:
        version = release(parser.parse_args(arguments).version)
    except ReleaseRefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print(f"{version.tag} is committed and tagged here. Publish it: git push origin HEAD --tags")
    return 0


if __name__ == "__main__":
    sys.exit(main())
