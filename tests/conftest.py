"""What every test shares: one copy of the template for all processes of a run."""

import os
from collections.abc import Sequence
from itertools import chain, groupby

import pytest

from tests.programs import BYTECODE, MYPY_CACHES
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


@pytest.fixture(scope="session", autouse=True)
def caches() -> None:
    """Let whatever is started compile modules once, and mypy know what it has analysed before."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    # Only one mypy may write into a cache.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    os.environ["MYPY_CACHE_DIR"] = str(MYPY_CACHES / worker)


@pytest.hookimpl(trylast=True)  # when `-m` has taken away what does not run
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits most, and skip, elsewhere than in CI, what would start servers."""
    items[:] = deal(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    if os.environ.get("CI") or not any(item.get_closest_marker("servers") for item in items):
        return
    if missing := [name for name in NAMES if name not in find()]:
        reason = f"{', '.join(missing)} not there: `./just servers` starts them"
        for item in items:
            if item.get_closest_marker("servers"):
                item.add_marker(pytest.mark.skip(reason=reason))


def deal(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests so that each worker begins with its share of those that wait.

    With `--dist worksteal` a worker gets a part of the list as it stands, and gives up the end of
    it to others. Left together, those that wait would all be one worker's.
    """
    waiting = [item for item in items if item.get_closest_marker("waits")]
    others = [item for item in items if not item.get_closest_marker("waits")]
    # What a file has started is shared: it stays together, unless a test is marked by itself.
    groups = [list(group) for _, group in groupby(waiting, key=name_group)]
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        first = list(chain.from_iterable(groups[worker::workers]))
        size = max(len(first), (len(items) - len(dealt)) // (workers - worker))
        rest = size - len(first)
        dealt += first + others[:rest]
        del others[:rest]
    return dealt


def name_group(item: pytest.Item) -> str:
    """Return the name of the tests that run one after the other on one worker."""
    alone = any(mark.name == "waits" for mark in item.own_markers)
    return item.nodeid if alone else str(item.path)
