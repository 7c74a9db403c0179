"""What all services of Dev Talk share: the error body, moments, the store, one's own changes."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from app.api.exceptions import problem
from app.api.views import write_moment
from app.core.errors import UnavailableError
from app.domain.freshness import await_version, note_version, read_version
from app.domain.permissions import may
from app.shared import MemoryStore, RedisStore, Store
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.kit.clock import Clock


@pytest.mark.parametrize(
    ("status", "detail", "members", "errors"),
    [
        (404, "article: not found", {}, {"article": ["not found"]}),
        (401, "token: is missing", {}, {"token": ["is missing"]}),
        (404, "Not Found", {}, {"request": ["Not Found"]}),
        (503, "user.lookup: nobody is there", {}, {"service": ["user.lookup: nobody is there"]}),
        (
            422,
            "the request is not valid",
            {
                "errors": [
                    {"field": "body.user.email", "message": "Field required"},
                    {"field": "body.tagList.0", "message": "Value error, can't be blank"},
                    {"field": "body.tagList.1", "message": "too long"},
                ]
            },
            {"email": ["can't be blank"], "tagList": ["can't be blank", "too long"]},
        ),
    ],
)
def test_an_error_names_what_it_is_about(
    status: int, detail: str, members: Mapping[str, Any], errors: dict[str, list[str]]
) -> None:
    answer = problem(status, detail, **members)
    assert answer.status_code == status
    assert json.loads(bytes(answer.body)) == {"errors": errors}


def test_moments_have_milliseconds_and_are_in_utc() -> None:
    assert write_moment(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00.000Z"
    late = datetime(2026, 1, 31, 12, 0, 0, 123_999, tzinfo=UTC)
    assert write_moment(late) == "2026-01-31T12:00:00.123Z"


def test_a_role_may_what_its_permissions_say() -> None:
    assert may(["moderator"], "articles:moderate")
    assert not may(["moderator", "unknown"], "roles:write")


# In memory everywhere, and on the server of TEST_REDIS_URL too where there is one.
STORES: list[Callable[[], Store]] = [MemoryStore]
if url := os.environ.get("TEST_REDIS_URL"):
    STORES.append(partial(RedisStore, url))


@pytest.fixture(params=STORES, ids=["memory", "redis"][: len(STORES)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """The store of a test."""
    store: Store = request.param()
    yield store
    await store.close()


@pytest.fixture
def key() -> str:
    """A key that nobody else uses: the server of TEST_REDIS_URL outlives the test."""
    return f"test:{uuid4().hex}"


async def test_the_store_keeps_what_is_written(store: Store, key: str) -> None:
    await store.write(key, "1", ttl=60)
    assert await store.read(key, f"{key}:b") == ["1", None]
    await store.delete(key, f"{key}:b")
    assert await store.read(key) == [None]


async def test_of_two_who_swap_a_value_one_does(store: Store, key: str) -> None:
    await store.write(key, "1", ttl=60)
    swapped = await asyncio.gather(*(store.swap(key, "1", new, ttl=60) for new in "23"))
    assert sorted(swapped) == [False, True]
    assert not await store.swap(f"{key}:missing", "1", "2", ttl=60)


async def test_a_number_only_grows(store: Store, key: str) -> None:
    for number in (3, 2**53, 5):
        await store.raise_to(key, number, ttl=60)
    assert await store.read(key) == [str(2**53)]


async def test_a_set_has_members_until_they_are_removed(store: Store, key: str) -> None:
    for member in "abc":
        await store.add(key, member, ttl=60)
    await store.remove(key, "b", "x")
    assert await store.list_members(key) == {"a", "c"}
    assert await store.list_members(f"{key}:missing") == set()


async def test_in_memory_too_nothing_is_kept_for_longer_than_it_should(clock: Clock) -> None:
    store = MemoryStore()
    await store.write("a", "1", ttl=10)
    clock.advance(11)
    assert await store.read("a") == [None]
    await store.write("b", "1", ttl=10)
    clock.advance(11)
    await store.write("c", "1", ttl=10)
    assert set(store._values) == {"c"}


async def test_a_store_that_is_not_there_says_so_and_is_not_asked_again_at_once() -> None:
    store = RedisStore("redis://127.0.0.1:9")
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await store.read("a")
    await store.close()


async def test_a_version_is_noted_when_it_is_committed(opened: Container) -> None:
    store, begin = MemoryStore(), opened[UnitOfWorkFactory]

    async def fail() -> None:
        async with begin() as uow:
            note_version(uow, store, "auth", 7, 3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await read_version(store, "auth", 7) == 0
    async with begin() as uow:
        note_version(uow, store, "auth", 7, 3)
    assert await read_version(store, "auth", 7) == 3


async def test_a_copy_is_waited_for_while_it_catches_up() -> None:
    store = MemoryStore()
    await store.raise_to("version:auth:7", 3, ttl=60)
    applied = iter([1, 2, 3])

    async def read_applied() -> int:
        return next(applied)

    assert await await_version(store, "auth", 7, read_applied)


async def test_a_copy_that_stays_behind_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.domain.freshness.WAIT_SECONDS", 0.05)
    store = MemoryStore()
    await store.raise_to("version:auth:7", 3, ttl=60)

    async def read_applied() -> int:
        return 2

    assert not await await_version(store, "auth", 7, read_applied)


async def test_without_the_store_a_copy_is_as_new_as_it_is() -> None:
    store = RedisStore(f"redis://127.0.0.1:9/{uuid4().int % 10}")

    async def read_applied() -> int:
        return 0

    assert await await_version(store, "auth", 7, read_applied)
    await store.close()
