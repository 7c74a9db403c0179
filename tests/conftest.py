"""What every test shares: one copy of the template for all processes of a run."""

import pytest

from tests.renders import take_snapshot


def pytest_configure(config: pytest.Config) -> None:
    """Take the copy before the workers start, so that all of them test the same template."""
    if not config.option.collectonly:
        take_snapshot()
