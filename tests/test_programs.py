"""Programs that tests run: what they say comes back, and none of them holds up a whole run."""

import signal
import sys

import pytest

from tests import programs
from tests.programs import run

HANG = "import time; time.sleep(600)"
HANG_DEAF = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {HANG}"


def test_what_hangs_is_interrupted_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "ENDINGS", ((signal.SIGINT, 2.0), (signal.SIGKILL, 30.0)))
    result = run(sys.executable, "-c", HANG)
    assert result.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in result.stdout


def test_what_is_deaf_to_that_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "ENDINGS", ((signal.SIGINT, 2.0), (signal.SIGKILL, 0.1)))
    assert run(sys.executable, "-c", HANG_DEAF).returncode == -signal.SIGKILL
