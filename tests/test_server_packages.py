"""Packages of servers start no service while they are installed, and leave nothing of that."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_template import ROOT
from tools.servers import debian


@pytest.mark.parametrize("earlier", [None, "#!/bin/sh\nexit 104\n"])
def test_packages_start_no_service_and_the_policy_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: str | None
) -> None:
    policy = tmp_path / "policy-rc.d"
    if earlier is not None:
        policy.write_text(earlier)
        policy.chmod(0o700)
    monkeypatch.setattr(debian, "POLICY", policy)
    monkeypatch.setattr(debian, "LOCK", tmp_path / "lock")
    with debian.no_service_starts():
        assert subprocess.run([policy], check=False).returncode == 101
    assert (policy.read_text() if policy.exists() else None) == earlier
    if earlier is not None:
        assert policy.stat().st_mode & 0o777 == 0o700


HOLDING = """
import sys
from pathlib import Path
from tools.servers import debian
debian.POLICY, debian.LOCK = map(Path, sys.argv[1:])
with debian.no_service_starts():
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_runs_that_overlap_leave_no_policy_behind(tmp_path: Path) -> None:
    places = [str(tmp_path / "policy-rc.d"), str(tmp_path / "lock")]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDING, *places],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for run in runs:
        # One after the other, in any order: each ends as soon as it may.
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
    for run in runs:
        assert run.communicate(timeout=60)[0] == "held\n"
        assert run.returncode == 0
    assert not (tmp_path / "policy-rc.d").exists()


def test_the_policy_of_a_run_that_was_killed_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(debian, "LOCK", tmp_path / "lock")
    debian.POLICY.write_text(debian.NEVER_START)
    with debian.no_service_starts():
        assert debian.POLICY.exists()
    assert not debian.POLICY.exists()
