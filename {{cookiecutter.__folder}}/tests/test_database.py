"""The database: UTC in and out, one sentence when it does not answer, all or nothing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from app.core.errors import StartupError
from app.core.server_config import DatabaseSettings
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


async def test_a_file_in_a_folder_that_is_not_there_is_one_sentence() -> None:
    settings = DatabaseSettings(url="sqlite:////nowhere/service.db")
    with pytest.raises(StartupError, match=r"^DATABASE_URL: there is no folder /nowhere "):
        await open_database(settings, connections=1).__aenter__()
# {% if cookiecutter.database in ("postgresql", "mysql") %}


async def test_a_server_that_is_not_there_is_one_sentence() -> None:
    settings = DatabaseSettings(url="{{ cookiecutter.database }}://user:secret@127.0.0.1:1/service")
    with pytest.raises(StartupError, match=r"^DATABASE_URL: no database answers") as caught:
        await open_database(settings, connections=1).__aenter__()
    sentence = str(caught.value)
    assert len(sentence.splitlines()) == 1
    assert "secret" not in sentence
# {% endif %}
