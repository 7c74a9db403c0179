"""Errors that nothing catches, and warnings, are log lines."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from threading import Thread

import pytest

from app.core.uncaught import log_error, log_uncaught


@pytest.fixture(autouse=True)
def hooks(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Log what would be printed, as a process of the service does."""
    caplog.set_level(logging.INFO)
    for module, name in (
        (sys, "excepthook"),
        (sys, "unraisablehook"),
        (threading, "excepthook"),
        (warnings, "showwarning"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    log_uncaught()
    yield
    logging.captureWarnings(capture=False)


class Unfinished:
    """An object that cannot be deleted without an error."""

    def __del__(self) -> None:
        raise ValueError("not deleted")


def fail() -> None:
    raise ValueError("no number")


def read_line(caplog: pytest.LogCaptureFixture) -> tuple[str, str, str]:
    """Return level, message and error of the only line."""
    (record,) = caplog.records
    error = record.exc_info[1] if record.exc_info else None
    return record.levelname, record.getMessage(), str(error)


def test_the_error_that_ends_a_process_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    error = ValueError("no number")
    sys.excepthook(ValueError, error, None)
    assert read_line(caplog) == ("ERROR", "process ends with an error", "no number")


def test_the_error_that_ends_a_thread_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    thread = Thread(target=fail, name="reader")
    thread.start()
    thread.join()
    assert read_line(caplog) == ("ERROR", "thread ended with an error", "no number")
    assert caplog.records[0].__dict__["fields"] == {"thread": "reader"}


def test_a_thread_that_ends_the_process_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    thread = Thread(target=sys.exit)
    thread.start()
    thread.join()
    assert caplog.records == []


def test_an_error_that_can_be_raised_to_nobody_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    Unfinished()
    level, message, error = read_line(caplog)
    assert (level, error) == ("ERROR", "not deleted")
    assert message.startswith(("error ignored", "Exception ignored"))


def test_a_warning_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings(action="always"):
        log_uncaught()
        warnings.warn("soon gone", RuntimeWarning, stacklevel=1)
    level, message, _ = read_line(caplog)
    assert level == "WARNING"
    assert "RuntimeWarning: soon gone" in message


def test_ctrl_c_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    log_error(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert read_line(caplog) == ("INFO", "interrupted", "None")
