"""What tasks compute is right, and told about on the way."""

from itertools import pairwise
from typing import Any

import pytest

from app.core.errors import InvalidInputError
from app.domain.computations import COMPUTATIONS
from app.domain.parameters import PARAMETERS, check_parameters


def compute(kind: str, **parameters: Any) -> tuple[dict[str, Any], list[float]]:
    """Return the result, and what was told on the way."""
    told: list[float] = []
    result = COMPUTATIONS[kind](told.append, **check_parameters(kind, parameters))
    return result, told


@pytest.mark.parametrize(
    ("limit", "count", "largest"),
    [
        (2, 1, 2),
        (3, 2, 3),
        (100, 25, 97),
        (1_048_577, 82_025, 1_048_573),
        (5_000_000, 348_513, 4_999_999),
    ],
)
def test_primes_are_counted_also_across_segments(limit: int, count: int, largest: int) -> None:
    assert compute("primes", limit=limit)[0] == {"count": count, "largest": largest}


@pytest.mark.parametrize(("size", "ways"), [(1, 1), (2, 0), (6, 4), (8, 92), (9, 352)])
def test_queens_stand_in_as_many_ways_as_is_known(size: int, ways: int) -> None:
    assert compute("queens", size=size)[0] == {"ways": ways}


def test_the_area_of_the_mandelbrot_set_is_about_what_is_known() -> None:
    result, _ = compute("mandelbrot", columns=150, iterations=150)
    assert result["area"] == pytest.approx(1.5066, abs=0.05)


def test_words_are_counted_whatever_their_case_the_most_frequent_first() -> None:
    result, _ = compute("words", text="To be, or not TO be: that's it", most=3)
    assert result == {"words": 8, "different": 6, "most": [("be", 2), ("to", 2), ("it", 1)]}


def test_equations_are_solved_also_where_the_first_pivot_is_zero() -> None:
    result, _ = compute("equations", coefficients=[[0.0, 2.0], [4.0, 2.0]], constants=[4.0, 8.0])
    assert result == {"solution": [1.0, 2.0]}


@pytest.mark.parametrize("row", [[2.0, 4.0], [0.0, 0.0]])
def test_equations_without_a_single_solution_are_an_error(row: list[float]) -> None:
    with pytest.raises(ValueError, match="no single solution"):
        compute("equations", coefficients=[[1.0, 2.0], row], constants=[3.0, 4.0])


@pytest.mark.parametrize(
    ("coefficients", "constants"),
    [
        # The first has a solution with a wrong number in it, if nobody looks on the way.
        ([[1e308, 1e308], [-1e308, 1e308]], [1.0, 1.0]),
        ([[1e308, 1e308], [1e-308, -1e308]], [1e308, 1e308]),
        ([[5e-324]], [1e308]),
    ],
)
def test_numbers_that_become_too_large_are_an_error(
    coefficients: list[list[float]], constants: list[float]
) -> None:
    with pytest.raises(OverflowError, match="the numbers become too large"):
        compute("equations", coefficients=coefficients, constants=constants)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("equations", {"coefficients": [[2.0, 1.0], [1.0, 3.0]], "constants": [3.0, 5.0]}),
        ("mandelbrot", {"columns": 20, "iterations": 20}),
        ("primes", {"limit": 3_000_000}),
        ("queens", {"size": 5}),
        ("words", {"text": "a"}),
    ],
)
def test_progress_grows_and_ends_at_one(kind: str, parameters: dict[str, Any]) -> None:
    _, told = compute(kind, **parameters)
    assert all(before < after for before, after in pairwise(told))
    assert told[-1] == 1


@pytest.mark.parametrize(
    ("kind", "parameters", "field"),
    [
        ("primes", {}, "parameters.limit"),
        ("primes", {"limit": 1}, "parameters.limit"),
        ("primes", {"limit": 10**11}, "parameters.limit"),
        ("primes", {"limit": 10**400}, "parameters.limit"),
        ("primes", {"limit": "100"}, "parameters.limit"),
        ("primes", {"limit": True}, "parameters.limit"),
        ("primes", {"limit": 100, "base": 2}, "parameters.base"),
        ("queens", {"size": 15}, "parameters.size"),
        ("mandelbrot", {"columns": 2001, "iterations": 10}, "parameters.columns"),
        ("words", {"text": "x" * 100_001}, "parameters.text"),
        ("words", {"text": "nothing\0"}, "parameters.text"),
        ("equations", {"coefficients": [[1.0]], "constants": [1.0, 2.0]}, "parameters"),
        ("equations", {"coefficients": [[1.0], [2.0, 3.0]], "constants": [1.0, 2.0]}, "parameters"),
        (
            "equations",
            {"coefficients": [[float("nan")]], "constants": [1.0]},
            "parameters.coefficients.0.0",
        ),
        ("sums", {}, "kind"),
    ],
)
def test_wrong_and_enormous_parameters_are_refused(
    kind: str, parameters: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_parameters(kind, parameters)
    assert caught.value.field == field
    assert len(str(caught.value)) < 200


def test_every_kind_has_its_parameters() -> None:
    assert set(PARAMETERS) == set(COMPUTATIONS)
