"""Metrics of what is measured now and then: absent rather than old, and never counted twice."""

from collections import Counter
from collections.abc import Iterator

import prometheus_client
import pytest

from app.core.readings import READINGS, Follower, Reading


@pytest.fixture
def depth() -> Iterator[Reading]:
    reading = Reading("test_depth", "How deep it is.", ["lake"])
    yield reading
    READINGS.unregister(reading)


def read_depth(lake: str) -> float | None:
    return READINGS.get_sample_value("test_depth", {"lake": lake})


def test_a_reading_is_absent_until_it_is_known(depth: Reading) -> None:
    assert read_depth("north") is None
    depth.set(3, "north")
    assert read_depth("north") == 3


def test_a_reading_is_absent_again_when_nobody_knows_it(depth: Reading) -> None:
    depth.set(3, "north")
    depth.set(4, "south")
    depth.forget("north")
    assert (read_depth("north"), read_depth("south")) == (None, 4)


def test_a_follower_counts_what_was_added_since_it_looked() -> None:
    registry = prometheus_client.CollectorRegistry()
    counter = prometheus_client.Counter("test_fish", "Fish.", ["kind"], registry=registry)
    caught = Counter(pike=2)
    follower = Follower(counter, lambda: caught, ["pike", "eel"])
    follower.catch_up()
    follower.catch_up()
    caught.update(pike=1, perch=1)
    follower.catch_up()
    assert registry.get_sample_value("test_fish_total", {"kind": "pike"}) == 3
    assert registry.get_sample_value("test_fish_total", {"kind": "perch"}) == 1
    assert registry.get_sample_value("test_fish_total", {"kind": "eel"}) == 0
