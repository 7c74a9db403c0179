"""`just migration` compares the models with what migrations make, and with nothing else."""

import ast
import warnings
from argparse import Namespace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

# {% if cookiecutter.database != "sqlite" %}
from app.commands.migration import TEST_URL, main, open_scratch, write_migration
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
from app.commands.migration import main, open_scratch, write_migration
# {% endif %}
from app.core.errors import StartupError
from app.database import Base, Database
from app.services import migrations
from app.utils.container import Container
# {% if cookiecutter.database != "sqlite" %}
from tests.kit.database import execute
# {% endif %}
from tests.migrations_kit import CREATE, Write, prepare_migrations


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    return prepare_migrations(tmp_path, monkeypatch)


async def write_and_read(folder: Path) -> str:
    """Return the migration that the command writes into a folder."""
    before = list_scripts(folder)
    await write_migration("Change it.")
    [new] = list_scripts(folder) - before
    return new.read_text(encoding="utf-8")


def list_scripts(folder: Path) -> set[Path]:
    return set(folder.glob("*.py"))


def is_file(name: str | None) -> bool:
    return Path(name or "").is_file()


async def test_it_holds_the_differences_of_models_and_migrations(
    write: Write, opened: Container
) -> None:
    text = await write_and_read(write(1, CREATE.format(1)).parent)
    assert 'down_revision = "1"' in text or "down_revision = '1'" in text
    for table in Base.metadata.tables:
        assert f'create_table("{table}"' in text or f"create_table('{table}'" in text
    assert 'drop_table("table_1")' in text or "drop_table('table_1')" in text
    del opened


async def test_tables_of_the_database_in_use_do_not_count(write: Write, opened: Container) -> None:
    async with opened[Database].engine.begin() as connection:
        await connection.execute(text("CREATE TABLE left_behind (id INTEGER PRIMARY KEY)"))
    script = await write_and_read(write(1, CREATE.format(1)).parent)
    assert "left_behind" not in script
    # Of the database in use the migration would have seen that they are there.
    assert "alembic_version" not in script


async def test_the_comparison_leaves_nothing_behind(opened: Container) -> None:
    async with open_scratch() as database:
        url = database.engine.url
        assert url != opened[Database].engine.url
    if url.get_backend_name() == "sqlite":
        assert not is_file(url.database)
        return
    # {% if cookiecutter.database == "postgresql" %}
    names = await execute("SELECT datname FROM pg_database")
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    names = await execute("SHOW DATABASES")
    # {% endif %}
    # {% if cookiecutter.database != "sqlite" %}
    assert (url.database,) not in {tuple(row) for row in names}
    # {% endif %}


async def test_migrations_that_follow_the_same_one_are_named_in_one_sentence(write: Write) -> None:
    write(1, CREATE.format(1))
    two = write(2, CREATE.format(2)).read_text(encoding="utf-8")
    other = write(3, CREATE.format(3))
    other.write_text(two.replace('"2"', '"3"').replace("table_2", "table_3"), encoding="utf-8")
    with pytest.raises(StartupError, match=r"^migration: 2 and 3 are the last ones") as error:
        await write_migration("Change it.")
    assert "alembic merge" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("message", "docstring"),
    [
        ("Add it.", "Add it."),
        ("Add\nit", "Add it."),
        (r"Add C:\new", r"Add C:\new."),
        ('Add "it"', 'Add "it".'),
        ('Add """it"""', "Add '''it'''."),
    ],
)
def test_its_docstring_is_the_message_as_a_sentence(
    write: Write, message: str, docstring: str
) -> None:
    first = write(1, CREATE.format(1))
    main([message])
    [new] = list_scripts(first.parent) - {first}
    with warnings.catch_warnings(action="error"):
        assert ast.get_docstring(ast.parse(new.read_text(encoding="utf-8"))) == docstring


@pytest.mark.parametrize("message", ["", " ", "."])
def test_a_message_that_says_nothing_is_refused(
    message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([message])
    assert "say what changes" in capsys.readouterr().err.splitlines()[-1]


def test_alembic_itself_compares_with_no_database_in_use(write: Write) -> None:
    write(1, CREATE.format(1))
    options = Namespace(autogenerate=True)
    config = Config(migrations.ALEMBIC_INI, cmd_opts=options)
    with pytest.raises(SystemExit, match=r"^migrations: write them with `just migration MESSAGE`"):
        command.revision(config, "Change it.", autogenerate=True)
# {% if cookiecutter.database != "sqlite" %}


async def test_a_server_that_cannot_be_reached_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The server of the tests would come first.
    monkeypatch.delenv(TEST_URL, raising=False)
    monkeypatch.setenv("DATABASE_URL", "{{ cookiecutter.database }}://me:secret@127.0.0.1:1/mine")
    with pytest.raises(StartupError, match=r"^migration: no scratch database can be made") as error:
        async with open_scratch():
            pass
    sentence = str(error.value)
    assert "secret" not in sentence
    assert len(sentence.splitlines()) == 1
# {% endif %}
