"""Pages: every row once, in order, whatever comes and goes meanwhile, and no cursor that fails."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import BigInteger, String, Uuid, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.core.errors import InvalidInputError
from app.database import Database, UtcDateTime
from app.pagination import Order, decode_cursor, encode_cursor, read_page
from app.utils.container import Container

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Tables(DeclarativeBase):
    """The tables of these tests."""


class Letter(Tables):
    """Something to list."""

    __tablename__ = "letters"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stamp: Mapped[str] = mapped_column(String(20))
    weight: Mapped[int] = mapped_column(BigInteger)


BY_TIME, BY_TIME_DOWN = Order.both(Letter.sent_at, Letter.id)
BY_STAMP, _ = Order.both(Letter.stamp, Letter.id)
BY_WEIGHT, _ = Order.both(Letter.weight, Letter.id)


def make_letter(number: int) -> Letter:
    # Two at a time, with microseconds: the id must tell them apart.
    sent_at = NOON + timedelta(microseconds=number // 2)
    return Letter(id=uuid4(), sent_at=sent_at, stamp=f"s{number % 3}", weight=number)


@pytest.fixture
async def session(opened: Container) -> AsyncIterator[AsyncSession]:
    async with opened[Database].engine.begin() as connection:
        await connection.run_sync(Tables.metadata.create_all)
    async with opened[Database].sessions.begin() as session:
        session.add_all([make_letter(number) for number in range(10)])
        await session.flush()
        yield session


async def read_all(session: AsyncSession, order: Order, limit: int) -> list[Letter]:
    found: list[Letter] = []
    cursor = None
    while True:
        page = await read_page(session, select(Letter), order, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 3, 10, 11])
@pytest.mark.parametrize(
    "order", [BY_TIME, BY_TIME_DOWN, BY_STAMP, BY_WEIGHT], ids=lambda it: it.name
)
async def test_all_pages_together_are_the_list(
    session: AsyncSession, order: Order, limit: int
) -> None:
    found = await read_all(session, order, limit)
    columns = [each.desc() if order.descending else each.asc() for each in order.columns]
    assert found == list(await session.scalars(select(Letter).order_by(*columns)))


async def test_rows_that_come_and_go_move_nothing(session: AsyncSession) -> None:
    first = await read_page(session, select(Letter), BY_WEIGHT, limit=3)
    await session.delete(first.items[0])
    session.add(make_letter(-1))
    await session.flush()
    second = await read_page(session, select(Letter), BY_WEIGHT, limit=3, cursor=first.next)
    assert [letter.weight for letter in second.items] == [3, 4, 5]


async def test_an_offset_skips_rows(session: AsyncSession) -> None:
    page = await read_page(session, select(Letter), BY_WEIGHT, limit=3, offset=8)
    assert [letter.weight for letter in page.items] == [8, 9]
    assert page.next is None


async def test_filters_hold_on_every_page(session: AsyncSession) -> None:
    heavy = select(Letter).where(Letter.weight >= 5)
    first = await read_page(session, heavy, BY_WEIGHT, limit=3)
    second = await read_page(session, heavy, BY_WEIGHT, limit=3, cursor=first.next)
    assert [letter.weight for letter in second.items] == [8, 9]


def test_a_cursor_comes_back_as_it_was() -> None:
    letter = make_letter(3)
    assert decode_cursor(BY_TIME, encode_cursor(BY_TIME, letter)) == [letter.sent_at, letter.id]


def write_cursor(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


ID = "0190a6f2-5c1e-7a3b-9d4e-2f8b6c7a1e05"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "nonsense!",
        "ü",
        "\x00",
        "A" * 1000,
        write_cursor(None),
        write_cursor({}),
        write_cursor([]),
        write_cursor(["sent_at"]),
        write_cursor(["sent_at", "2026-01-01T00:00:00Z"]),
        write_cursor(["sent_at", "2026-01-01T00:00:00Z", ID, 1]),
        write_cursor(["sent_at", "yesterday", ID]),
        write_cursor(["sent_at", "0001-01-01T00:00:00+14:00", ID]),
        write_cursor(["sent_at", None, ID]),
        write_cursor(["sent_at", "2026-01-01T00:00:00Z", "no id"]),
        write_cursor(["-sent_at", "2026-01-01T00:00:00Z", ID]),
        write_cursor(["weight", 1, ID]),
        write_cursor(["sent_at", "2026-01-01T00:00:00Z\ud800", ID]),
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_cursor(BY_TIME, cursor)
    assert caught.value.field == "query.cursor"


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_cursor_holds_nothing_that_the_database_cannot(value: int) -> None:
    with pytest.raises(InvalidInputError, match="the cursor is none of ours"):
        decode_cursor(BY_WEIGHT, write_cursor(["weight", value, ID]))


async def test_a_moment_without_a_zone_in_a_cursor_is_taken_as_utc(session: AsyncSession) -> None:
    cursor = write_cursor(["sent_at", "2026-01-01T12:00:00", str(UUID(int=2**128 - 1))])
    page = await read_page(session, select(Letter), BY_TIME, limit=10, cursor=cursor)
    assert {letter.weight for letter in page.items} == {2, 3, 4, 5, 6, 7, 8, 9}
