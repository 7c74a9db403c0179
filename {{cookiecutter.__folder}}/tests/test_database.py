"""The database: UTC in and out, one sentence when it does not answer, all or nothing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from app.core.config import DatabaseSettings
from app.core.errors import StartupError
from app.database import UtcDateTime, open_database

DIALECT = SQLiteDialect()


def test_moments_are_stored_in_utc() -> None:
    east = timezone(timedelta(hours=3))
    stored = UtcDateTime().process_bind_param(datetime(2026, 1, 1, 3, tzinfo=east), DIALECT)
    assert stored == datetime(2026, 1, 1, tzinfo=UTC)
    assert stored.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001


def test_moments_are_read_in_utc() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    assert UtcDateTime().process_result_value(naive, DIALECT) == datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_database_that_is_not_there_is_one_sentence() -> None:
    settings = DatabaseSettings(url="sqlite:////nowhere/service.db")
    with pytest.raises(StartupError, match=r"^DATABASE_URL: no database answers") as caught:
        async with open_database(settings):
            pass
    assert len(str(caught.value).splitlines()) == 1
