"""A log file that several processes write and rotate without losing each other's lines."""

import logging
import os
import sys

from concurrent_log_handler import ConcurrentRotatingFileHandler

from app.core.log_losses import LostLines

FILE_BYTES = 10_000_000
FILE_COUNT = 5


class LogFile(ConcurrentRotatingFileHandler):
    """Writes lines under a lock of all processes; a disk that is full only costs the lines."""

    def __init__(self, path: str) -> None:
        """Name the file; it is opened with the first line."""
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=FILE_COUNT, encoding="utf-8")
        self.lost = LostLines("LOG_FILE")
        self._is_written = True
        if hasattr(os, "register_at_fork"):
            # A fork in the middle of a line would leave the child with the library's lock held.
            os.register_at_fork(
                before=self.acquire,
                after_in_parent=self.release,
                after_in_child=self.start_over,
            )

    def start_over(self) -> None:
        """Begin with nothing lost: what was is the parent process's."""
        self.lost = LostLines("LOG_FILE")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and say when this works again."""
        self._is_written = True
        super().emit(record)
        if self._is_written:
            self.lost.recover()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the library's
        """Count the line, and say once that the file takes none."""
        self._is_written = False
        self.lost.count("unwritten")
        self.lost.fail(repr(sys.exception()))
