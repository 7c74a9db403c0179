"""The present moment, in one place, so that tests can set it."""

from datetime import UTC, datetime


def read_system_clock() -> datetime:
    """Return what this machine takes for the present moment."""
    return datetime.now(UTC)


# The test kit's fixture `clock` puts one of its own here.
source = read_system_clock


def now() -> datetime:
    """Return the present moment in UTC."""
    return source()
