"""Which parameters the inner loop takes, and which only the whole run."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.combinations import CHOICES, TELLING, Combination
from tests.renders import Part, render_distinct

# The telling combinations at once, and all of them at once: for programs that take many paths.
AMONG = pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["telling", "every"]
)
# Left out by the inner loop, too.
WEEKLY = (pytest.mark.weekly, pytest.mark.slow)
WHOLE = Part(("**/*",), questions=tuple(CHOICES))


def spread(combinations: Iterable[Combination], part: Part = WHOLE) -> list[pytest.ParameterSet]:
    """Return parameters of a test; what looks like no telling combination is slow."""
    quick = {part.key(each) for each in TELLING.values()}
    return [
        pytest.param(each, marks=() if part.key(each) in quick else pytest.mark.slow)
        for each in combinations
    ]


def choose_folders(part: Part, *, every: bool) -> list[Path]:
    """Return rendered services that differ in these files: a few, or all that there are."""
    among = part.representatives() if every else list(TELLING.values())
    return render_distinct(part, among)
