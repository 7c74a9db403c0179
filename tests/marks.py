"""Which parameters the inner loop takes, and which only the whole run."""

from collections.abc import Iterable

import pytest

from tests.combinations import TELLING, Combination

Parameter = type(pytest.param())


def spread(combinations: Iterable[Combination]) -> list[Combination]:
    return []
