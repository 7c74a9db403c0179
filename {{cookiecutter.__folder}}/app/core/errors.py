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
# {% if cookiecutter.database != "none" %}


class TransactionConflictError(UnavailableError):
    """Another transaction got in the way; the same work can be tried again at once."""
# {% endif %}
