"""The database: UTC in and out, one sentence when it does not answer, all or nothing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
# {% if cookiecutter.database != "sqlite" %}
from sqlalchemy import Column, MetaData, Table, make_url, select
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
from sqlalchemy import Column, MetaData, Table, select
# {% endif %}
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from app.core.errors import StartupError
from app.core.server_config import DatabaseSettings
from app.database import Database, Digest, ExactString, UtcDateTime, open_database
from app.utils.container import Container
from app.utils.identity import make_digest
# {% if cookiecutter.database != "sqlite" %}
from tests.kit.database import SERVER, place
# {% endif %}

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


@pytest.mark.skipif(SERVER is None, reason="no server is named")
async def test_a_refused_login_and_a_database_that_is_not_there_are_said() -> None:
    wrong = make_url(place("service")).set(password="wrong")
    told = {
        wrong.render_as_string(hide_password=False): "the login is refused at ",
        place("nothing"): "there is no such database at ",
    }
    for url, sentence in told.items():
        with pytest.raises(StartupError, match=f"^DATABASE_URL: {sentence}"):
            await open_database(DatabaseSettings(url=url), connections=1).__aenter__()
# {% endif %}


async def test_exact_texts_are_equal_only_byte_by_byte(opened: Container) -> None:
    texts = ["ann", "Ann", "ann ", "ann\t", "\u00e1nn", "a\u0301nn", "ann\u200b", "\U0001f600", ""]
    table = Table("exact_texts", MetaData(), Column("text", ExactString(20), primary_key=True))
    async with opened[Database].engine.begin() as connection:
        await connection.run_sync(table.create)
        await connection.execute(table.insert(), [{"text": text} for text in texts])
        for text in texts:
            rows = await connection.execute(select(table.c.text).where(table.c.text == text))
            assert rows.scalars().all() == [text]
        rows = await connection.execute(select(table.c.text).where(table.c.text.in_(texts[:3])))
        assert sorted(rows.scalars()) == sorted(texts[:3])


async def test_digests_are_keys(opened: Container) -> None:
    table = Table("digests", MetaData(), Column("digest", Digest, primary_key=True))
    digests = [make_digest("shop", str(number)) for number in range(9)]
    async with opened[Database].engine.begin() as connection:
        await connection.run_sync(table.create)
        await connection.execute(table.insert(), [{"digest": digest} for digest in digests])
        rows = await connection.execute(select(table.c.digest))
        assert sorted(rows.scalars()) == sorted(digests)
