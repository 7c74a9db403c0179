"""Handlers and jobs get what they ask for, by type."""

import pytest

from app.utils.container import Container
from app.utils.injection import (
    InjectionError,
    check_parameters,
    pick_arguments,
    read_parameters,
)


class Clock:
    """Something to ask for."""


async def tick(clock: Clock) -> None:
    """Ask for a clock."""


def test_arguments_are_found_by_their_types() -> None:
    container = Container()
    clock = container.add(Clock, Clock())
    assert pick_arguments(read_parameters(tick), container) == {"clock": clock}


def test_asking_for_what_is_not_there_is_one_clear_line() -> None:
    sentence = r"^tick asks for clock: Clock, which is none of: str$"
    with pytest.raises(InjectionError, match=sentence):
        check_parameters(tick, [str])
