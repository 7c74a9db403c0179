"""What every test shares: one copy of the template for all processes of a run."""

import os

import pytest

from tests.renders import take_snapshot
from tools.servers import NAMES, find

# What several files of tests start once each.
pytest_plugins = [
    "tests.parcel_service",
    "tests.office",
    "tests.kustomize",
    "tests.tasks_system",
    "tests.dev_talk_system",
    "tests.template_versions",
    "tests.fleet_services",
    "tests.line.versions",
]


def pytest_configure(config: pytest.Config) -> None:
    """Take the copy before the workers start, so that all of them test the same template."""
    if not config.option.collectonly:
        take_snapshot()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, elsewhere than in CI, what would have to start servers: nobody asked for that."""
    if os.environ.get("CI") or not any(item.get_closest_marker("servers") for item in items):
        return
    if missing := [name for name in NAMES if name not in find()]:
        reason = f"{', '.join(missing)} not there: `./just servers` starts them"
        for item in items:
            if item.get_closest_marker("servers"):
                item.add_marker(pytest.mark.skip(reason=reason))
