"""Frames of a failure: the team's own, of its root cause, and no more than fit a header."""

import asyncio
import json

import pytest

from app.core.errors import ConflictError
from app.utils.clock import now
from app.utils.consumer import RetryPolicy
from app.utils.dead_letter_frames import SEPARATOR, describe_frames

HERE = "tests.test_dead_letter_frames"


def price(currency: str) -> int:
    return {"USD": 1}[currency]


def price_again() -> int:
    try:
        return price("EUR")
    except KeyError as error:
        raise ConflictError("no price") from error


def price_by_accident() -> int:
    try:
        return price("EUR")
    except KeyError:
        return int("x")


def hide_price() -> int:
    try:
        return price("EUR")
    except KeyError:
        raise ConflictError("no price") from None


def read_json() -> object:
    return json.loads("{")


def check_policy() -> object:
    return RetryPolicy(attempts=0)


def recurse() -> object:
    return recurse()


def find(function: object) -> list[str]:
    """Return the functions of the frames, innermost first."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        function()  # type: ignore[operator]
    frames = describe_frames(caught.value).split(SEPARATOR)
    assert all(frame.startswith(f"{HERE}:") for frame in frames)
    assert len(describe_frames(caught.value)) <= 1500
    return [frame.partition(" ")[2] for frame in frames]


@pytest.mark.parametrize(
    ("function", "innermost"),
    [
        (price_again, "price"),
        (price_by_accident, "price"),
        (hide_price, "hide_price"),
        (read_json, "read_json"),
        (check_policy, "check_policy"),
    ],
)
def test_the_innermost_frame_of_the_root_cause_comes_first(
    function: object, innermost: str
) -> None:
    assert find(function)[0] == innermost


def test_deep_recursion_keeps_the_innermost() -> None:
    assert find(recurse) == ["recurse"] * 10


def test_in_a_group_it_is_the_first_task_that_counts() -> None:
    async def pay() -> None:
        price("EUR")

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pay())

    assert find(lambda: asyncio.run(run()))[0] == "price"


def test_values_of_variables_are_not_told() -> None:
    with pytest.raises(KeyError) as caught:
        price("hunter2")
    assert "hunter2" not in describe_frames(caught.value)


def test_an_error_of_nobodys_code_has_no_frames() -> None:
    assert describe_frames(ValueError(str(now()))) == ""


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert describe_frames(first) == ""
