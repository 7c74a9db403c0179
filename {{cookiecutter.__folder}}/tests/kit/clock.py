"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

import pytest


class Clock:
    """What `app.utils.clock.now` returns during the test."""

    def __init__(self) -> None:
        """Start at the present moment."""
        self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the test: `clock.advance(60)`."""
    clock = Clock()
    monkeypatch.setattr("app.utils.clock.source", clock)
    return clock
