"""The end of a process: one grace period for everything in it."""

import pytest

from app.core.drain import Drain, begin_drain, is_draining, left_of


@pytest.fixture(autouse=True)
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Drain, "began_at", None)


def test_a_process_that_runs_has_all_the_time() -> None:
    assert not is_draining()
    assert left_of(30) == 30


def test_what_has_passed_since_the_signal_is_not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    begin_drain()
    monkeypatch.setattr("time.monotonic", lambda: 112.0)
    assert is_draining()
    assert left_of(30) == 18
    assert left_of(10) == 0


def test_a_second_signal_gives_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    begin_drain()
    monkeypatch.setattr("time.monotonic", lambda: 112.0)
    begin_drain()
    assert left_of(30) == 18
