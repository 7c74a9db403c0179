"""Models and migrations fit the database of production, also where tests run on SQLite."""

from pathlib import Path
from typing import Any

import pytest
# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy import Column, Integer, MetaData, Table
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text
# {% endif %}
from sqlalchemy.dialects.mssql import SQL_VARIANT

import app.domain.models  # noqa: F401 - the tables register themselves
from tests import ddl_kit
from tests.ddl_kit import find_refused_migrations, find_refused_tables
from tests.migrations_kit import CREATE, Write, prepare_migrations


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    write = prepare_migrations(tmp_path, monkeypatch)
    write(1, CREATE.format(1), undo='op.drop_table("table_1")')
    return write


def test_each_migration_fits() -> None:
    assert find_refused_migrations() == []


def test_each_table_fits() -> None:
    assert find_refused_tables() == []


REFUSED = {
    # {% if cookiecutter.database == "postgresql" %}
    "a type of another database": (
        "from sqlalchemy.dialects.mssql import SQL_VARIANT as kind;"
        ' op.add_column("table_1", sa.Column("any", kind))',
        "can't render element of type SQL_VARIANT",
    ),
    "a native type that nothing makes": (
        'op.add_column("table_1", sa.Column("mood", sa.Enum("sad", "ok", name="mood")))',
        "nothing makes the type mood: before it call postgresql.ENUM",
    ),
    "an array of a native type that nothing makes": (
        'op.add_column("table_1", sa.Column("m", sa.ARRAY(sa.Enum("sad", "ok", name="mood"))))',
        "nothing makes the type mood",
    ),
    "a change to a native type that nothing makes": (
        'op.alter_column("table_1", "id", type_=sa.Enum("sad", "ok", name="mood"))',
        "nothing makes the type mood",
    ),
    "a name that is too long": (
        f'op.create_index("{"x" * 70}", "table_1", ["id"])',
        "exceeds maximum length",
    ),
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "a type of another database": (
        "from sqlalchemy.dialects.mssql import SQL_VARIANT as kind;"
        ' op.add_column("table_1", sa.Column("any", kind))',
        "can't render element of type SQL_VARIANT",
    ),
    "text without a length": (
        'op.add_column("table_1", sa.Column("name", sa.String))',
        "VARCHAR requires a length",
    ),
    # {% endif %}
}


@pytest.mark.parametrize("kind", REFUSED)
def test_the_migration_and_the_reason_are_named(write: Write, kind: str) -> None:
    statement, reason = REFUSED[kind]
    write(2, statement)
    [sentence] = find_refused_migrations()
    assert sentence.startswith("2.py does not run on {{ cookiecutter.database }}: ")
    assert reason in sentence
    assert len(sentence.splitlines()) == 1
# {% if cookiecutter.database == "postgresql" %}


ENUM = 'op.create_table("moods", sa.Column("mood", sa.Enum("sad", "ok", name="mood")))'


def test_a_native_type_that_stays_behind_is_pointed_at(write: Write) -> None:
    write(2, ENUM, undo='op.drop_table("moods")')
    [sentence] = find_refused_migrations()
    assert sentence == (
        "2.py does not run on postgresql: the type mood exists: drop it where its table is dropped"
    )
# {% endif %}


ACCEPTED = {
    # {% if cookiecutter.database == "postgresql" %}
    "a native type that goes with its table": (
        'op.create_table("moods", sa.Column("mood", sa.Enum("sad", "ok", name="mood")))',
        'op.drop_table("moods"); op.execute("DROP TYPE mood")',
    ),
    "a native type that is made before it is used": (
        'from sqlalchemy.dialects.postgresql import ENUM; kind = ENUM("sad", "ok", name="mood");'
        " kind.create(op.get_bind());"
        ' op.add_column("table_1", sa.Column("mood", kind))',
        'op.drop_column("table_1", "mood"); sa.Enum(name="mood").drop(op.get_bind())',
    ),
    "a native type that is made if it is not there": (
        "from sqlalchemy.dialects.postgresql import ENUM;"
        ' ENUM("sad", name="mood").create(op.get_bind(), checkfirst=True)',
        "pass",
    ),
    "types of this database": (
        "from sqlalchemy.dialects.postgresql import JSONB;"
        ' op.add_column("table_1", sa.Column("data", JSONB))',
        'op.drop_column("table_1", "data")',
    ),
    "an enum that is no native type": (
        'op.add_column("table_1", sa.Column("m", sa.Enum("a", name="m", native_enum=False)))',
        'op.drop_column("table_1", "m")',
    ),
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "types of this database": (
        "from sqlalchemy.dialects.mysql import TINYINT;"
        ' op.add_column("table_1", sa.Column("small", TINYINT))',
        'op.drop_column("table_1", "small")',
    ),
    "an enum": (
        'op.add_column("table_1", sa.Column("mood", sa.Enum("sad", "ok", name="mood")))',
        'op.drop_column("table_1", "mood")',
    ),
    # {% endif %}
    "work outside of a transaction": (
        'block = op.get_context().autocommit_block(); block.__enter__(); op.execute("ANALYZE");'
        " block.__exit__(None, None, None)",
        "pass",
    ),
    "work on rows": (
        'rows = op.get_bind().execute(sa.text("SELECT id FROM table_1")).fetchall();'
        ' op.get_bind().scalar(sa.text("SELECT 1")); [op.execute("SELECT 1") for row in rows]',
        "pass",
    ),
    "a look at the tables": ("sa.inspect(op.get_bind()).get_table_names()", "pass"),
    "rows that are inserted": (
        'op.bulk_insert(sa.table("table_1", sa.column("id")), [{"id": 1}])',
        'op.get_bind().execute(sa.text("DELETE FROM table_1 WHERE id = :id"), {"id": 1})',
    ),
    "a batch": (
        'batch = op.batch_alter_table("table_1"); b = batch.__enter__();'
        ' b.add_column(sa.Column("n", sa.Integer)); batch.__exit__(None, None, None)',
        'op.drop_column("table_1", "n")',
    ),
    "a migration that is for good": (CREATE.format(2), "raise NotImplementedError"),
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_what_fits_is_not_pointed_at(write: Write, kind: str) -> None:
    do, undo = ACCEPTED[kind]
    write(2, do, undo=undo)
    assert find_refused_migrations() == []


def make_models() -> dict[str, MetaData]:
    """Return models of one table each, that production refuses."""
    models: dict[str, MetaData] = {
        # {% if cookiecutter.database == "postgresql" %}
        "can't render element of type SQL_VARIANT": MetaData(),
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        "can't render element of type SQL_VARIANT": MetaData(),
        "VARCHAR requires a length": MetaData(),
        "note is TEXT, which has no index without mysql_length": MetaData(),
        # {% endif %}
    }
    wrong: list[list[Any]] = [
        # {% if cookiecutter.database == "postgresql" %}
        [Column("any", SQL_VARIANT)],
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        [Column("any", SQL_VARIANT)],
        [Column("name", String)],
        [Column("note", Text), Index("ix_note", "note")],
        # {% endif %}
    ]
    for metadata, items in zip(models.values(), wrong, strict=True):
        Table("things", metadata, Column("id", Integer, primary_key=True), *items)
    return models


@pytest.mark.parametrize("reason", make_models())
def test_the_table_and_the_reason_are_named(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    class Models:
        metadata = make_models()[reason]

    monkeypatch.setattr(ddl_kit, "Base", Models)
    [sentence] = find_refused_tables()
    assert sentence.startswith("the table things cannot be made on {{ cookiecutter.database }}: ")
    assert reason in sentence
