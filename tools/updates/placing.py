"""Bring a finished update into the work tree, whole or not at all."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.updates.errors import UpdateRefusedError
from tools.updates.git import GitError, clean_environment, find_git, read_complaint
from tools.updates.service import Service, list_changes

# One process does it all, so that it ends what it began even when this one is killed.
APPLY = """
patch=$1 index=$2
"$0" update-index --refresh >/dev/null; [ $? -lt 128 ] || exit 3
set -- "$0" -c apply.whitespace=nowarn -c apply.ignoreWhitespace=no apply --index --binary
"$@" --check "$patch" || exit 3
"$@" "$patch" && { [ ! -s "$index" ] || "$0" update-index -z --index-info <"$index"; }
"""
UNTOUCHED = 3


def place(service: Service, patch: bytes, index: bytes, home: Path) -> None:
    """Change the work tree and the index of a service; raises UpdateRefusedError."""
    service.check_unchanged()
    files = (home / "patch", home / "index")
    for file, content in zip(files, (patch, index), strict=True):
        file.write_bytes(content)
    command = ["sh", "-c", APPLY, find_git(), *map(str, files)]
    with uninterrupted():
        done = subprocess.run(
            command,
            cwd=service.root,
            env=clean_environment(),
            capture_output=True,
            start_new_session=True,
            check=False,
        )
        if done.returncode not in (0, UNTOUCHED):
            undo(service, patch, read_complaint(done.stderr))
    if done.returncode != 0:
        raise UpdateRefusedError(
            f"The changes could not be written, so nothing was changed: "
            f"{read_complaint(done.stderr)}"
        )


def undo(service: Service, patch: bytes, complaint: str) -> None:
    """Put everything back: before this, the work tree was as the last commit has it."""
    try:
        service.git.run("restore", "--source=HEAD", "--staged", "--worktree", "--", ".")
    except GitError as error:
        raise UpdateRefusedError(
            f"The changes could be neither written ({complaint}) nor taken back ({error}): "
            f"`git restore --staged --worktree .` in {service.folder} takes them back."
        ) from error
    for path in list_changes(service.git):
        if os.fsencode(path) in patch:
            (service.root / path).unlink(missing_ok=True)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore signals that would end the process: at the end of this it is done anyway."""
    held = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        # One that came too late to stop anything must not look as if it had.
        while signal.sigtimedwait(held, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
