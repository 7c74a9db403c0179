"""Whatever ends an update early, the service is as it was, or updated: never half."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.small_template import ROOT
from tests.template_versions import LINES, Versions, commit, snapshot
from tools.updates import UpdateRefusedError

SECONDS = 60
pytestmark = pytest.mark.slow
PROGRAM = """
import signal, sys
from pathlib import Path
from tools.updates import update
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
service, template = map(Path, sys.argv[1:])
update(service, template=template, address=str(template))
"""
# What git is asked for at several moments of an update.
MOMENTS = {
    "rendering": "clone",
    "merging": "worktree add",
    "in the copy": "apply --index --binary --whitespace",
}
WRITING = "apply --index --binary /"


@pytest.fixture
def prepared(versions: Versions) -> Versions:
    """Release a version that changes many files."""
    files = {f"app/file_{number}.py": LINES * number for number in range(40)}
    versions.release({**files, "app/core.py": LINES.replace("3", "33")})
    versions.git("tag", "before")
    return versions


class Gate:
    """A git that stops when it is asked for something, and goes on when it is told to."""

    def __init__(self, folder: Path, words: str, action: str = "") -> None:
        """Stop at a command that holds these words."""
        self.folder = folder / "gate"
        self.folder.mkdir()
        for name in ("reached", "pass", "passed"):
            os.mkfifo(self.folder / name)
        git = shutil.which("git")
        wait = f"echo >{self.folder}/reached; read line <{self.folder}/pass"
        (self.folder / "git").write_text(
            f'#!/bin/sh\ncase "$*" in *"{words}"*) {action or wait}\n'
            f'{git} "$@"; status=$?; echo >{self.folder}/passed; exit $status;; esac\n'
            f'exec {git} "$@"\n'
        )
        (self.folder / "git").chmod(0o755)

    @property
    def path(self) -> str:
        """The PATH with this git before the real one."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def wait(self, name: str = "reached") -> None:
        """Wait until it stops, or has ended."""
        (self.folder / name).read_text()

    def open(self) -> None:
        """Let it go on."""
        (self.folder / "pass").write_text("\n")


@contextmanager
def started(versions: Versions, gate: Gate, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start an update in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, str(versions.service), str(versions.template)]
    environment = {**os.environ, "PATH": gate.path, "TMPDIR": str(home)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(SECONDS)


@pytest.mark.parametrize(
    ("moment", "ending"),
    [
        *((moment, signal.SIGKILL) for moment in MOMENTS),
        ("merging", signal.SIGINT),
        ("in the copy", signal.SIGTERM),
    ],
)
def test_an_end_on_the_way_changes_nothing(
    prepared: Versions, tmp_path: Path, moment: str, ending: signal.Signals
) -> None:
    before = snapshot(prepared.service)
    gate = Gate(tmp_path, MOMENTS[moment])
    with started(prepared, gate, tmp_path) as process:
        gate.wait()
        os.killpg(process.pid, ending)
        process.wait(SECONDS)
    assert snapshot(prepared.service) == before


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_end_while_it_writes_comes_too_late(
    prepared: Versions, tmp_path: Path, ending: signal.Signals
) -> None:
    gate = Gate(tmp_path, WRITING)
    with started(prepared, gate, tmp_path) as process:
        gate.wait()
        os.killpg(process.pid, ending)
        gate.open()
        gate.wait("passed")
        process.wait(SECONDS)
    assert process.returncode == (-signal.SIGKILL if ending == signal.SIGKILL else 0)
    ended = snapshot(prepared.service)
    prepared.git("reset", "--quiet", "--hard")
    prepared.update(check=True)
    assert snapshot(prepared.service) == ended


def test_a_disk_that_gets_full_while_it_writes(
    prepared: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared.edit({"notes.txt": "ours\n"})
    prepared.release({"app/core.py": None, "app/file_20_large.py": LINES * 1000})
    before = snapshot(prepared.service)
    # No file may have more than 32 or 64 kB; git is told so instead of being killed.
    gate = Gate(tmp_path, WRITING, "trap '' XFSZ; ulimit -f 64")
    with os.fdopen(os.open(gate.folder / "passed", os.O_RDONLY | os.O_NONBLOCK)):
        monkeypatch.setenv("PATH", gate.path)
        with pytest.raises(UpdateRefusedError, match=r"File too large"):
            prepared.update()
    assert snapshot(prepared.service) == before


def test_nothing_stays_in_temporary_folders(prepared: Versions, tmp_path: Path) -> None:
    gate = Gate(tmp_path, MOMENTS["in the copy"])
    home = tmp_path / "temporary"
    home.mkdir()
    with started(prepared, gate, home) as process:
        gate.wait()
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(SECONDS)
    assert list(home.glob("template-update-*")) == []


def test_the_next_update_starts_where_a_killed_one_left(prepared: Versions, tmp_path: Path) -> None:
    gate = Gate(tmp_path, MOMENTS["in the copy"])
    with started(prepared, gate, tmp_path) as process:
        gate.wait()
        os.killpg(process.pid, signal.SIGKILL)
    assert prepared.update().applied
    commit(prepared.service)
    assert not prepared.update().needed
