"""Errors that nothing has caught, and warnings, as log lines: Python itself would print them."""

import logging
import sys
import threading
from types import TracebackType

logger = logging.getLogger(__name__)


def log_uncaught() -> None:
    """Log what this process, and those that it forks, would print on standard error."""
    logging.captureWarnings(capture=True)
    sys.excepthook = log_error
    sys.unraisablehook = log_unraisable
    threading.excepthook = log_thread


def log_error(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Log the error that ends the process; Ctrl+C is none."""
    if isinstance(error, KeyboardInterrupt):
        logger.info("interrupted")
        return
    logger.error("process ends with an error", exc_info=(kind, error, traceback))


def log_thread(failed: threading.ExceptHookArgs) -> None:
    """Log the error that has ended a thread."""
    if failed.exc_value is None or isinstance(failed.exc_value, SystemExit):
        return
    name = failed.thread.name if failed.thread else None
    logger.error(
        "thread ended with an error",
        exc_info=(failed.exc_type, failed.exc_value, failed.exc_traceback),
        extra={"fields": {"thread": name}},
    )


def log_unraisable(failed: "sys.UnraisableHookArgs") -> None:
    """Log an error that came where it could be raised to nobody, as when an object is deleted."""
    error = failed.exc_value
    logger.error(
        failed.err_msg or "error ignored",
        exc_info=(failed.exc_type, error, failed.exc_traceback) if error else None,
        extra={"fields": {"object": repr(failed.object)}},
    )
