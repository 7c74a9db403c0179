"""The errors that every layer knows."""


class StartupError(RuntimeError):
    """The service cannot start; the message says in one sentence what to change."""


class SettingsError(StartupError):
    """A setting is missing, unsafe or makes no sense; the message names the variable."""


class NotFoundError(LookupError):
    """What somebody asked for does not exist; the message says what."""


class TooManyRequestsError(RuntimeError):
    """Somebody asks too often; `retry_after` says in how many seconds to come back."""

    def __init__(self, retry_after: int) -> None:
        """Say when to come back."""
        super().__init__(f"too many requests, try again in {retry_after} s")
        self.retry_after = retry_after
