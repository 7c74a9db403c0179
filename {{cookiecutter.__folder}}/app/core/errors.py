"""The errors that every layer knows."""


class StartupError(RuntimeError):
    """The service cannot start; the message says in one sentence what to change."""


class SettingsError(StartupError):
    """A setting is missing, unsafe or makes no sense; the message names the variable."""


class NotFoundError(LookupError):
    """What somebody asked for does not exist; the message says what."""
