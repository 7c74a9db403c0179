"""What is said while drills run."""

import sys
import time

_began = time.monotonic()


def report(line: str) -> None:
    """Say on standard error what goes on, and how many seconds into the run."""
    # One write: the lines of several threads must not mix.
    sys.stderr.write(f"{time.monotonic() - _began:6.1f}  {line}\n")
    sys.stderr.flush()
