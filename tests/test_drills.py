"""The drills' own parts: what is lost or doubled is never called good."""

import socket
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from drills import __main__ as command
from drills.catalogue import DRILLS
from drills.crew import Crew, measure_memory, wait_for
from drills.errors import DrillError
from drills.proxy import Proxy
from drills.results import Result, make_table
from drills.verdicts import STEPS, UNKNOWN, DeadLetter, Expectation, Findings, judge, show
from tests.processes import HOST

NUMBERS = range(4)
EFFECTS = [(number, step) for number in NUMBERS for step in STEPS]
GOOD = Findings(
    accepted=NUMBERS,
    orders=NUMBERS,
    effects=EFFECTS,
    exits=[("worker-1", 0)],
)
LETTER = DeadLetter(number=3, group="confirm_order", reason="failed", attempts=4)
POISONED = Expectation(dead=[LETTER], attempts={3: range(4, 5)})
BURIED = replace(
    GOOD,
    effects=[effect for effect in EFFECTS if effect[0] != LETTER.number],
    dead=[LETTER],
    attempts=Counter({3: 4}),
    failures=4,
)


def test_everything_handled_once_is_good() -> None:
    assert judge(Expectation(), GOOD) == []


def test_exactly_the_expected_dead_letters_are_good() -> None:
    assert judge(POISONED, BURIED) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (replace(GOOD, orders=range(3)), "lost orders: 1 (3)"),
        (replace(GOOD, accepted=range(3)), "orders that nobody was promised: 1 (3)"),
        (replace(GOOD, effects=EFFECTS[1:]), "lost effects: 1 ((0, 'confirmed'))"),
        (
            replace(GOOD, effects=[*EFFECTS, (2, "shipped")]),
            "effects that happened more than once: 1 ((2, 'shipped'))",
        ),
        (
            replace(GOOD, effects=[*EFFECTS, (9, "shipped")]),
            "effects that must not be: 1 ((9, 'shipped'))",
        ),
        (replace(GOOD, dead=[LETTER]), "dead letters that must not be: 1"),
        (replace(GOOD, outbox=2), "2 messages are left in the outbox, not 0"),
        (replace(GOOD, failures=2), "2 attempts were spent"),
        (replace(GOOD, exits=[("worker-1", -9)]), "worker-1 ended with -9"),
        (replace(GOOD, exits=[("api-1", None)]), "api-1 did not stop"),
        (replace(GOOD, notes=["worker-1 grew"]), "worker-1 grew"),
    ],
)
def test_what_is_wrong_is_said(found: Findings, problem: str) -> None:
    assert any(said.startswith(problem) for said in judge(Expectation(), found))


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (replace(BURIED, dead=[]), "missing dead letters: 1"),
        (replace(BURIED, dead=[LETTER, LETTER]), "dead letters that must not be: 1"),
        (replace(BURIED, dead=[replace(LETTER, attempts=5)]), "missing dead letters: 1"),
        (replace(BURIED, attempts=Counter({3: 5})), "order 3 was tried 5 times, not 4"),
        (replace(BURIED, effects=EFFECTS), "effects that must not be: 2"),
        (replace(BURIED, outbox=0), "0 messages are left in the outbox, not 1"),
    ],
)
def test_what_else_was_expected_is_missed(found: Findings, problem: str) -> None:
    expected = replace(POISONED, unsent=1)
    assert any(said.startswith(problem) for said in judge(expected, found))


def test_who_may_be_put_aside_twice_is_said() -> None:
    found = replace(BURIED, dead=[LETTER, LETTER])
    assert judge(replace(POISONED, may_bury_twice=True), found) == []


def test_a_copy_that_was_put_aside_too_has_attempts_of_its_own() -> None:
    expected = replace(POISONED, may_bury_twice=True)
    tried = replace(BURIED, attempts=Counter({3: 8}))
    assert judge(expected, tried) == ["order 3 was tried 8 times, not 4"]
    assert judge(expected, replace(tried, dead=[LETTER, LETTER])) == []
    more = replace(tried, dead=[LETTER, LETTER], attempts=Counter({3: 9}))
    assert judge(expected, more) == ["order 3 was tried 9 times, not 4 to 8"]


def test_dead_letters_that_nobody_can_read_are_counted() -> None:
    letter = DeadLetter(UNKNOWN, "confirm_order", "unreadable", attempts=1)
    expected = Expectation(dead=[letter] * 2)
    assert judge(expected, replace(GOOD, dead=[letter] * 2)) == []
    said = judge(expected, replace(GOOD, dead=[letter]))
    assert len(said) == 1
    assert said[0].startswith("missing dead letters: 1")


def test_of_many_the_first_are_shown() -> None:
    assert show(range(9, 0, -1)) == "9 (1, 2, 3, 4, 5, ...)"


def test_the_table_tells_who_failed() -> None:
    good = Result("sigterm", "kafka", "postgresql", 2000, 4000, 0, 1.25)
    bad = Result("sigterm", "rabbitmq", "mariadb", problems=["lost effects"])
    head, rule, *rows = make_table([good, bad]).splitlines()
    assert len({len(line) for line in (head, rule, *rows)}) == 1
    cells = [cell.strip() for cell in rows[0].strip("| ").split("|")]
    assert cells == ["sigterm", "kafka", "postgresql", "2,000", "4,000", "0", "1.2", "good"]
    assert rows[1].endswith("| FAILED  |")


def test_what_is_cut_is_noticed_and_connects_again() -> None:
    with socket.create_server((HOST, 0)) as server:
        proxy = Proxy(server.getsockname()[1])
        try:
            for _ in range(2):
                with socket.create_connection((HOST, proxy.port), 10) as client:
                    accepted, _ = server.accept()
                    with accepted:
                        client.sendall(b"ping")
                        assert accepted.recv(4) == b"ping"
                        accepted.sendall(b"pong")
                        assert client.recv(4) == b"pong"
                        assert proxy.cut() == 1
                        with pytest.raises(ConnectionResetError):
                            client.recv(1)
        finally:
            proxy.close()


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Crew:
    """Workers that only sleep."""
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    script = "import time; print('worker started', flush=True); time.sleep(600)"
    monkeypatch.setattr("drills.crew.ARGUMENTS", {"worker": ("-c", script)})
    return Crew(tmp_path, tmp_path, {})


def test_who_dies_starts_again_and_who_stops_does_not(crew: Crew) -> None:
    try:
        killed, stopped = crew.hire("worker"), crew.hire("worker")
        crew.wait()
        crew.kill(killed)
        wait_for(lambda: killed.starts == 2 and killed.has_started, 60, "it stays dead")
        crew.stop(stopped, 60)
        assert crew.exits == [("worker-2, asked to stop,", -15)]
        assert (crew.deaths, stopped.starts, crew.find("worker")) == (1, 1, [killed])
        assert measure_memory(killed.process.pid) > 0
    finally:
        crew.close()
    assert not killed.process.is_alive


def test_who_still_starts_is_asked_to_stop_when_it_can_hear(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import signal, sys, time; time.sleep(1); signal.signal(15, lambda *_: sys.exit(0));"
        "print('worker started', flush=True); time.sleep(600)"
    )
    monkeypatch.setattr("drills.crew.ARGUMENTS", {"worker": ("-c", script)})
    try:
        crew.stop(crew.hire("worker"), 60)
        assert crew.exits == [("worker-1, asked to stop,", 0)]
    finally:
        crew.close()


def test_waiting_has_an_end() -> None:
    began = time.monotonic()
    with pytest.raises(DrillError, match="the end of days"):
        wait_for(lambda: False, 0.01, "the end of days")
    assert time.monotonic() - began >= 0.01


def test_every_drill_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    command.list_drills()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(DRILLS)
    assert all(each.summary.endswith(".") for each in DRILLS.values())


@pytest.mark.parametrize("words", [["nobody"], ["--messages", "7"], ["--broker", "x"], []])
def test_what_makes_no_sense_is_refused(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["drills", *words])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "drills: error:" in capsys.readouterr().err
