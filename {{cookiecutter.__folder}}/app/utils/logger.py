"""The class through which every module logs: a message, and fields beside it."""

import logging
import sys


class Logger:
    """Log short messages with structured fields: `logger.info("item created", item_id=7)`."""

    def __init__(self, name: str) -> None:
        """Name the logger; pass `__name__`."""
        self._logger = logging.getLogger(name)

    def debug(self, message: str, /, **fields: object) -> None:
        """Log what only a developer wants to know."""
        self._log(logging.DEBUG, message, fields)

    def info(self, message: str, /, **fields: object) -> None:
        """Log what happened in the normal course of things."""
        self._log(logging.INFO, message, fields)

    def warning(self, message: str, /, *, exc_info: bool = False, **fields: object) -> None:
        """Log what somebody should look at, sometime; `exc_info`: with the traceback."""
        self._log(logging.WARNING, message, fields, exc_info=exc_info)

    def error(self, message: str, /, **fields: object) -> None:
        """Log what failed and was dealt with."""
        self._log(logging.ERROR, message, fields)

    def failure(self, message: str, error: BaseException, /, **fields: object) -> None:
        """Log what failed and was dealt with; a warning for an outage, which ends by itself."""
        level = logging.WARNING if getattr(error, "is_outage", False) else logging.ERROR
        self._log(level, message, {"error": repr(error), **fields})

    def exception(self, message: str, /, **fields: object) -> None:
        """Log what failed together with the traceback of the exception being handled."""
        self._log(logging.ERROR, message, fields, exc_info=True)

    def _log(
        self, level: int, message: str, fields: dict[str, object], *, exc_info: bool = False
    ) -> None:
        if not self._logger.isEnabledFor(level):
            return
        # Made here, not by logging: looking for the caller's line costs more than the rest.
        failure = sys.exc_info() if exc_info else None
        record = logging.LogRecord(self._logger.name, level, "", 0, message, None, failure)
        record.__dict__["fields"] = fields
        self._logger.handle(record)
