"""What ends an update early."""


class UpdateRefusedError(Exception):
    """Say in one sentence why nothing was changed, and what to do."""
