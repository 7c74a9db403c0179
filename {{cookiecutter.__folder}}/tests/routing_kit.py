"""What tests of routes share: two numbers in the database."""

from sqlalchemy import text

from app.database import Database
from app.utils.container import Container


async def make_rows(opened: Container) -> None:
    """Make a table of two numbers."""
    async with opened[Database].engine.begin() as connection:
        columns = "id INTEGER PRIMARY KEY, value INTEGER"
        await connection.execute(text(f"CREATE TABLE numbers ({columns})"))
        await connection.execute(text("INSERT INTO numbers VALUES (1, 0), (2, 0)"))


async def read_values(opened: Container) -> list[int]:
    """Return the numbers."""
    async with opened[Database].readers() as session:
        return list(await session.scalars(text("SELECT value FROM numbers ORDER BY id")))
