"""Libraries that say the same again and again."""

import logging
import math
import os
from collections.abc import Iterator

import pytest

from app.core.log_sampling import (
    INTERVAL_SECONDS,
    LINES_PER_LOGGER,
    LINES_PER_TEXT,
    RepeatedLines,
)

library = logging.getLogger("library.connection")
other = logging.getLogger("other")


def make_record() -> logging.LogRecord:
    return logging.LogRecord(library.name, logging.ERROR, "", 0, "no connection", None, None)


class Lines(logging.Handler):
    """A place that lines go to."""

    def __init__(self, repeated: RepeatedLines) -> None:
        super().__init__()
        self.addFilter(repeated)
        self.lines: list[tuple[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = record.__dict__.get("fields", {})
        self.lines.append((record.getMessage(), fields.get("left_out")))


class Clock:
    """A clock that stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_interval(self) -> None:
        """Let an interval be over."""
        self.now += 2 * INTERVAL_SECONDS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def repeated(clock: Clock) -> RepeatedLines:
    return RepeatedLines(clock)


@pytest.fixture
def places(repeated: RepeatedLines, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Lines]]:
    """Two places, which get what is logged."""
    places = [Lines(repeated), Lines(repeated)]
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [*root.handlers, *places])
    monkeypatch.setattr(logging.getLogger("app.core.log_sampling"), "disabled", False)
    yield places
    assert places[0].lines == places[1].lines


def test_the_first_lines_of_a_text_pass_and_those_of_others_too(places: list[Lines]) -> None:
    for number in range(5700):
        library.error("no connection to %s", number)
    library.error("closed")
    texts = [text for text, _ in places[0].lines]
    assert texts == [*(f"no connection to {number}" for number in range(LINES_PER_TEXT)), "closed"]


def test_a_library_that_fills_its_texts_in_itself_is_limited_too(places: list[Lines]) -> None:
    for number in range(5700):
        library.error(f"no connection to {number}")
    assert len(places[0].lines) == LINES_PER_LOGGER


def test_what_was_left_out_is_said_with_the_next_line_of_the_library(
    repeated: RepeatedLines, clock: Clock
) -> None:
    for _ in range(LINES_PER_TEXT + 7):
        repeated.filter(make_record())
    # As if the two came at once: nobody has summed up yet.
    repeated._due = math.inf
    clock.pass_interval()
    record = make_record()
    assert repeated.filter(record)
    assert record.__dict__["fields"] == {"left_out": 7}


def test_what_was_left_out_is_said_when_the_library_says_no_more(
    places: list[Lines], clock: Clock
) -> None:
    for _ in range(LINES_PER_TEXT + 7):
        library.error("no connection")
    clock.pass_interval()
    other.warning("something else")
    assert places[0].lines[-2:] == [("repeated lines of a library", 7), ("something else", None)]


def test_what_was_left_out_is_said_at_the_end(places: list[Lines], repeated: RepeatedLines) -> None:
    for _ in range(LINES_PER_TEXT + 7):
        library.error("no connection")
    repeated.sum_up()
    assert places[0].lines[-1] == ("repeated lines of a library", 7)


def test_a_child_of_a_process_does_not_say_what_its_parent_left_out(
    places: list[Lines], repeated: RepeatedLines
) -> None:
    for _ in range(LINES_PER_TEXT + 7):
        library.error("no connection")
    said = len(places[0].lines)
    child = os.fork()
    if child == 0:
        repeated.sum_up()
        os._exit(len(places[0].lines) - said)
    assert os.waitpid(child, 0)[1] == 0


def test_our_own_lines_and_those_that_somebody_asked_for_are_all_there(
    places: list[Lines], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, library.name)
    for _ in range(200):
        library.info("connected")
        logging.getLogger("app.domain").error("failed")
    assert len(places[0].lines) == 400


def test_other_tests_do_not_hear_of_it(
    repeated: RepeatedLines, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(LINES_PER_TEXT + 1):
        repeated.filter(make_record())
    clock.pass_interval()
    repeated.sum_up()
    assert caplog.messages == []
