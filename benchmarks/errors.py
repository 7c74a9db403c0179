"""What ends a benchmark early."""


class BenchmarkError(RuntimeError):
    """The benchmark cannot go on; the message says why in one line."""
