"""What ends the making of a system early."""


class SystemRefusedError(Exception):
    """Say in one sentence why the system cannot be made, and what to do."""


class NotUpdatedError(SystemRefusedError):
    """Say which services could not be updated in a system that is made otherwise."""
