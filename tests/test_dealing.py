"""The order of tests: each worker begins with its share of those that wait, and none is lost."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import deal

WAITS = SimpleNamespace(name="waits")


def make_items(*names: str) -> list[Any]:
    """Make tests: `file::test`, with `*` behind what is marked, the test itself or its file."""
    items = []
    for name in names:
        file, _, test = name.partition("::")
        own = [WAITS] if test.endswith("*") else []
        marked = WAITS if own or file.endswith("*") else None
        items.append(
            SimpleNamespace(
                nodeid=name,
                path=Path(file),
                own_markers=own,
                get_closest_marker=lambda _, marked=marked: marked,
            )
        )
    return items


def name_all(items: list[Any]) -> list[str]:
    """Return the names of tests in their order."""
    return [item.nodeid for item in items]


def test_each_worker_begins_with_some_of_those_that_wait() -> None:
    items = make_items("a::1", "a::2", "b::1*", "b::2*", "c::1", "c::2")
    assert name_all(deal(items, 2)) == ["b::1*", "a::1", "a::2", "b::2*", "c::1", "c::2"]


def test_a_file_that_waits_stays_together() -> None:
    items = make_items("a*::1", "a*::2", "b*::1", "c::1", "c::2", "c::3")
    assert name_all(deal(items, 2)) == ["a*::1", "a*::2", "c::1", "b*::1", "c::2", "c::3"]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("waiting", [0, 1, 5, 12])
def test_none_is_lost_and_none_comes_twice(workers: int, waiting: int) -> None:
    names = [f"a::{number}{'*' if number < waiting else ''}" for number in range(12)]
    dealt = name_all(deal(make_items(*names), workers))
    assert sorted(dealt) == sorted(names)
