"""Lines that come by the thousand are logged now and then, and the others are counted."""

import time

import pytest

from app.utils.sampler import Sampler


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the sampler, as a list of one."""
    moment = [10.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


def test_the_first_ones_of_a_second_pass(seconds: list[float]) -> None:
    sampler = Sampler(2)
    assert [sampler.admit() for _ in range(4)] == [0, 0, None, None]
    seconds[0] += 0.9
    assert sampler.admit() is None


def test_the_first_one_of_the_next_second_tells_how_many_were_left_out(
    seconds: list[float],
) -> None:
    sampler = Sampler(1)
    for _ in range(4):
        sampler.admit()
    seconds[0] += 1
    assert sampler.admit() == 3
    seconds[0] += 1
    assert sampler.admit() == 0
