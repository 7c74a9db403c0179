"""What tests of units of work share: a table of numbers."""

from sqlalchemy import text

from app.database import Database
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.container import Container

INSERT = text("INSERT INTO numbers VALUES (:id, :value)")


async def make_numbers(opened: Container) -> UnitOfWorkFactory:
    """Make a table of numbers, and return what begins units of work on it."""
    columns = "id BIGINT PRIMARY KEY, value VARCHAR(20) NOT NULL"
    async with opened[Database].engine.begin() as connection:
        await connection.execute(text(f"CREATE TABLE numbers ({columns})"))
    return opened[UnitOfWorkFactory]


async def insert(uow: UnitOfWork, number: int, value: str | None = "x") -> None:
    """Insert a number."""
    await uow.session.execute(INSERT, {"id": number, "value": value})


async def count(begin: UnitOfWorkFactory) -> int:
    """Return how many numbers there are."""
    async with begin(read_only=True) as uow:
        return await uow.session.scalar(text("SELECT COUNT(*) FROM numbers")) or 0
