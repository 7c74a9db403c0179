"""The errors that every layer knows; what clients are told of each stands in `app.web.errors`."""


class StartupError(RuntimeError):
    """The service cannot start; the message says in one sentence what to change."""


class SettingsError(StartupError):
    """A setting is missing, unsafe or makes no sense; the message names the variable."""


class NotFoundError(LookupError):
    """What somebody asked for does not exist; the message says what."""


class InvalidInputError(ValueError):
    """What somebody sent cannot be used; the message says why."""

    def __init__(self, message: str, *, field: str = "") -> None:
        """Name the field as whoever sent it knows it, such as `query.cursor`."""
        super().__init__(message)
        self.field = field


class ForbiddenError(RuntimeError):
    """Whoever asked may not; the message says what."""


class ConflictError(RuntimeError):
    """It does not go together with what there is already; the message says why."""


class UnavailableError(RuntimeError):
    """Something that is needed does not answer; the same request may succeed a little later."""

    is_outage = True
    """Whether it says nothing about the work: a message then waits, and spends no attempt."""
# {% if cookiecutter.database != "none" %}


class TransactionConflictError(UnavailableError):
    """Another transaction got in the way; the same work can be tried again at once."""

    is_outage = False
# {% endif %}
# {% if cookiecutter.cache == "redis" %}


class TooManyRequestsError(RuntimeError):
    """Somebody asks too often; `retry_after` says in how many seconds to come back."""

    def __init__(self, retry_after: int) -> None:
        """Say when to come back."""
        super().__init__(f"too many requests, try again in {retry_after} s")
        self.retry_after = retry_after
# {% endif %}
