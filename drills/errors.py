"""What ends a drill early."""


class DrillError(RuntimeError):
    """The drill cannot go on; the message says why in one line."""
