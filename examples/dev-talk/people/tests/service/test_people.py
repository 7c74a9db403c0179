"""People, as auth tells of them in any order, or answers when it is asked."""

from itertools import permutations

import pytest

from app.domain.contracts.users import (
    UserChanged,
    UserFollowed,
    UserRecord,
    UserRegistered,
    UserUnfollowed,
)
from app.domain.people import hearing, service
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.kit.events import DeliverEvent

HISTORY = (
    UserRegistered(user_id=1, version=1, username="ann", bio=None, image=None),
    UserFollowed(user_id=1, version=2, followed_id=2),
    UserChanged(user_id=1, version=3, username="anna", bio="hello", image=None),
    UserUnfollowed(user_id=1, version=4, followed_id=2),
    UserFollowed(user_id=1, version=5, followed_id=3),
)
RECORD = UserRecord(user_id=1, version=4, username="anna", bio="hello", image=None, following=[])


async def read(opened: Container) -> tuple[str, list[int], int]:
    async with opened[UnitOfWorkFactory](read_only=True) as uow:
        [person] = (await service.find_people(uow, [1])).values()
        followed = await service.list_followed(uow, 1)
        return person.username, list(followed), await hearing.read_heard(uow, 1)


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7])
async def test_what_auth_tells_comes_to_the_same_in_any_order(
    order: tuple[int, ...], deliver: DeliverEvent, opened: Container
) -> None:
    for number in order:
        await deliver(HISTORY[number], times=2)
    assert await read(opened) == ("anna", [3], 5)


@pytest.mark.parametrize("heard", [(), (0,), (0, 1), (1,), (0, 1, 2, 3, 4), (4,), (2, 4)])
async def test_an_answer_of_auth_and_what_it_tells_come_to_the_same(
    heard: tuple[int, ...], deliver: DeliverEvent, opened: Container
) -> None:
    for number in heard:
        await deliver(HISTORY[number])
    async with opened[UnitOfWorkFactory]() as uow:
        await hearing.hear_record(uow, RECORD)
    for number in range(5):
        await deliver(HISTORY[number])
    assert await read(opened) == ("anna", [3], 5)


async def test_an_old_answer_changes_nothing(deliver: DeliverEvent, opened: Container) -> None:
    for event in HISTORY:
        await deliver(event)
    async with opened[UnitOfWorkFactory]() as uow:
        await hearing.hear_record(uow, RECORD.model_copy(update={"following": [2]}))
    assert await read(opened) == ("anna", [3], 5)


async def test_nobody_is_found_by_a_name_that_was_given_up(
    deliver: DeliverEvent, opened: Container
) -> None:
    for event in HISTORY:
        await deliver(event)
    async with opened[UnitOfWorkFactory](read_only=True) as uow:
        assert await service.find_person_named(uow, "ann") is None
        assert await service.find_person_named(uow, "Anna") is None
        found = await service.find_person_named(uow, "anna")
    assert found is not None
    assert found.id == 1
