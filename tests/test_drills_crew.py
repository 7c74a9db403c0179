"""The crew of the drills: a member that was killed is told from one that does not start."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills import crew as crew_module
from drills.crew import FUTILE_STARTS, Crew, Member, wait_for
from drills.errors import DrillError
from tests.processes import Process

SLEEP = "import time; print('worker started', flush=True); time.sleep(600)"
FAIL = "import sys; print('starting', flush=True); sys.exit('no database answers')"
SILENT = "import time; time.sleep(600)"


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    """Return a crew of a service whose Python is ours."""
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    crew = Crew(tmp_path, tmp_path, {})
    yield crew
    crew.close()


def work(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr("drills.crew.ARGUMENTS", {"worker": ("-c", script)})


def test_a_member_that_was_killed_often_is_waited_for(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(monkeypatch, SLEEP)
    monkeypatch.setattr("drills.crew.RESTART_SECONDS", 0.01)
    member = crew.hire("worker")
    for _ in range(FUTILE_STARTS + 1):
        crew.wait()
        crew.kill(member)
    crew.wait()
    assert (member.starts, member.futile_starts) == (FUTILE_STARTS + 2, 0)


def test_a_member_that_is_killed_before_it_is_ready_is_waited_for(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(monkeypatch, SILENT)
    monkeypatch.setattr("drills.crew.RESTART_SECONDS", 0.01)
    member = crew.hire("worker")
    for start in range(1, FUTILE_STARTS + 2):
        # The default binds the loop's value, whose type mypy does not infer.
        wait_for(lambda start=start: member.starts == start, 60, "it stays dead")  # type: ignore[misc]
        crew.kill(member)
    work(monkeypatch, SLEEP)
    crew.kill(member)
    crew.wait()
    assert member.has_started


def test_a_member_that_does_not_start_is_reported_with_its_last_line(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(monkeypatch, FAIL)
    monkeypatch.setattr("drills.crew.RESTART_SECONDS", 0.01)
    crew.hire("worker")
    with pytest.raises(DrillError, match="worker-1 does not start: no database answers"):
        crew.wait()


def test_the_log_of_a_dead_process_does_not_count_for_its_successor(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    members: list[Member] = []

    class Asking(Process):
        """A process in whose start somebody asks whether the member is ready."""

        def __init__(self, *arguments: object, **variables: object) -> None:
            # It hands on what it was given.
            super().__init__(*arguments, **variables)  # type: ignore[arg-type]
            assert not any(member.has_started for member in members)

    work(monkeypatch, SLEEP)
    monkeypatch.setattr(crew_module, "Process", Asking)
    members.append(crew.hire("worker"))
    # Nobody has looked into its log before it is dead.
    wait_for(lambda: "worker started" in members[0].process.output, 60, "it does not start")
    work(monkeypatch, SILENT)
    crew.kill(members[0])
    wait_for(lambda: members[0].starts == 2 and members[0].process.is_alive, 60, "it stays dead")
    assert not members[0].has_started


def test_a_suspended_member_does_nothing_and_is_not_replaced(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(monkeypatch, SLEEP)
    member = crew.hire("worker")
    crew.wait()
    with crew.suspended(member):
        wait_for(lambda: read_state(member.process.pid) == "T", 60, "it goes on")
    wait_for(lambda: read_state(member.process.pid) != "T", 60, "it does not wake")
    assert (member.starts, crew.deaths) == (1, 0)


def read_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
