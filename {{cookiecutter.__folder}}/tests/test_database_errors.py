"""Errors of the database, and what they mean to the service."""

import traceback

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.config import CoreSettings
from app.core.errors import ConflictError, InvalidInputError, UnavailableError
from app.database import Database
from app.database_errors import translate_errors
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.unit_of_work_kit import count, insert, make_numbers


@pytest.fixture
async def begin(opened: Container) -> UnitOfWorkFactory:
    return await make_numbers(opened)


async def insert_alone(begin: UnitOfWorkFactory, number: int, value: str | None = "x") -> None:
    async with begin() as uow:
        await insert(uow, number, value)


async def test_what_goes_against_a_constraint_is_a_conflict(begin: UnitOfWorkFactory) -> None:
    await insert_alone(begin, 1)
    with pytest.raises(ConflictError):
        await insert_alone(begin, 1)


async def test_a_number_beyond_64_bits_cannot_be_stored(begin: UnitOfWorkFactory) -> None:
    with pytest.raises(InvalidInputError):
        await insert_alone(begin, 2**70)


async def test_a_mistake_of_ours_stays_what_it_is(begin: UnitOfWorkFactory) -> None:
    with pytest.raises(SQLAlchemyError):
        await insert_alone(begin, 1, None)


async def test_the_error_of_a_row_does_not_show_the_row(begin: UnitOfWorkFactory) -> None:
    await insert_alone(begin, 424242)

    async def break_row() -> None:
        async with begin() as uow:
            await uow.session.execute(text("UPDATE numbers SET value = NULL"))

    with pytest.raises(SQLAlchemyError) as caught:
        await break_row()
    assert "424242" not in "".join(traceback.format_exception(caught.value))


async def test_a_pool_that_is_empty_is_unavailable(
    begin: UnitOfWorkFactory, core: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(core.database.model_copy(update={"pool_seconds": 0.05}), connections=1)
    monkeypatch.setattr(begin, "_database", database)
    async with begin(read_only=True) as uow:
        await uow.session.execute(text("SELECT 1"))
        with pytest.raises(UnavailableError):
            await count(begin)
    await database.engine.dispose()
# {% if cookiecutter.database == "postgresql" %}


async def test_a_nul_character_cannot_be_stored(
    begin: UnitOfWorkFactory, core: CoreSettings
) -> None:
    if core.database.url.startswith("sqlite:"):
        await insert_alone(begin, 1, "a\0b")
        return
    with pytest.raises(InvalidInputError):
        await insert_alone(begin, 1, "a\0b")
# {% endif %}


def test_waiting_in_vain_for_a_connection_is_counted() -> None:
    before = REGISTRY.get_sample_value("database_pool_timeouts_total") or 0
    with pytest.raises(UnavailableError), translate_errors():
        raise PoolTimeoutError
    assert REGISTRY.get_sample_value("database_pool_timeouts_total") == before + 1
