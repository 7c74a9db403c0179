"""What the database of production would refuse of models and migrations, found without a server.

Tests run on SQLite, where a type or name may pass that production does not have. Here all
statements are compiled for production.
"""

# {% if cookiecutter.database == "postgresql" %}
import re
from collections.abc import Callable, Iterator
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
from collections.abc import Callable
# {% endif %}
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from alembic.config import Config
# {% if cookiecutter.database == "postgresql" %}
from alembic.ddl.base import AddColumn, AlterColumn
# {% endif %}
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy import Dialect, Table, make_url, text
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy import Dialect, Index, Table, make_url, text
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM
# {% endif %}
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import CompileError, IdentifierError
# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import ARRAY, TypeEngine
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy.schema import CreateIndex
# {% endif %}

from app.database import Base
from app.engine import DRIVERS
from app.services import migrations

PRODUCTION = "{{ cookiecutter.database }}"
# {% if cookiecutter.database == "postgresql" %}
MADE = re.compile(r"\s*CREATE (?:TYPE|DOMAIN) (?:IF NOT EXISTS )?(\S+)", re.IGNORECASE)
DROPPED = re.compile(r"\s*DROP (?:TYPE|DOMAIN) (?:IF EXISTS )?([^\s;]+)", re.IGNORECASE)
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
# They have no index without a length.
UNBOUNDED = ("TEXT", "BLOB")
# {% endif %}


class RefusedError(Exception):
    """The database of production would refuse a statement."""


class Recorder(MockConnection):
    """A connection to a database of production that has no rows."""

    def __init__(self) -> None:
        """Start with nothing made."""
        dialect: Dialect = make_url(f"{DRIVERS[PRODUCTION]}://").get_dialect()()
        super().__init__(dialect, self.record)
        # {% if cookiecutter.database == "postgresql" %}
        self.types: set[str] = set()
        """The native types that exist."""
        # {% endif %}

    def record(self, statement: Any, _: object = None) -> IteratorResult[Any]:
        """Compile a statement, and answer it with no rows; raises RefusedError."""
        # {% if cookiecutter.database == "postgresql" %}
        for kind in list_types(statement):
            self._check_type(kind)
        sql = str(statement.compile(dialect=self.dialect))
        if made := MADE.match(sql):
            if made[1] in self.types:
                raise RefusedError(f"the type {made[1]} exists: drop it where its table is dropped")
            self.types.add(made[1])
        if dropped := DROPPED.match(sql):
            self.types.discard(dropped[1])
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        statement.compile(dialect=self.dialect)
        # {% endif %}
        return IteratorResult(SimpleResultMetaData([]), iter(()))
    # {% if cookiecutter.database == "postgresql" %}

    def _check_type(self, kind: TypeEngine[Any]) -> None:
        if isinstance(kind, ARRAY):
            kind = kind.item_type
        own = kind.dialect_impl(self.dialect)
        # They alone are made before they are used.
        if not isinstance(own, ENUM | DOMAIN):
            return
        name = self.dialect.type_compiler_instance.process(own)
        if name not in self.types:
            raise RefusedError(
                f"nothing makes the type {name}: before it call "
                f"postgresql.ENUM(..., name={own.name!r}).create(op.get_bind())"
            )

    def _run_ddl_visitor(self, visitorcallable: Any, element: Any, **options: Any) -> None:
        """Make or drop what is a schema's own, as SQLAlchemy does; it asks whether types exist."""
        if options.pop("checkfirst", False) and isinstance(element, ENUM | DOMAIN):
            name = self.dialect.type_compiler_instance.process(element)
            if (name in self.types) == ("Generator" in visitorcallable.__name__):
                return
        super()._run_ddl_visitor(visitorcallable, element, **options)
    # {% endif %}

    # What else migrations and Alembic ask of a connection.
    def exec_driver_sql(self, statement: str, parameters: object = None) -> IteratorResult[Any]:
        """Take SQL as the driver would."""
        return self.record(text(statement), parameters)

    def scalar(self, statement: Any, parameters: object = None) -> Any:
        """Return nothing."""
        return self.record(statement, parameters).scalar()

    def scalars(self, statement: Any, parameters: object = None) -> Any:
        """Return no values."""
        return self.record(statement, parameters).scalars()

    def in_transaction(self) -> bool:
        """Be in none: nothing is kept."""
        return False

    def get_isolation_level(self) -> str:
        """Name one."""
        return "AUTOCOMMIT"

    def begin(self) -> Any:
        """Return a transaction in which nothing happens."""
        return Nothing()

    begin_nested = begin


class Nothing(nullcontext[None]):
    """A transaction in which nothing happens."""

    def commit(self) -> None:
        """Keep nothing."""

    rollback = commit


# {% if cookiecutter.database == "postgresql" %}
def list_types(statement: Any) -> Iterator[TypeEngine[Any]]:
    """Yield the types that a statement gives to columns."""
    if isinstance(statement, CreateTable):
        yield from (column.type for column in statement.element.columns)
    if isinstance(statement, AddColumn):
        yield statement.column.type
    if isinstance(statement, AlterColumn) and (kind := getattr(statement, "type_", None)):
        yield kind


# {% endif %}
def find_refused_migrations() -> list[str]:
    """Return a sentence for each migration that production would refuse, done, undone or redone."""
    scripts = ScriptDirectory.from_config(Config(migrations.ALEMBIC_INI))
    recorder = Recorder()
    found = []
    for script in reversed([*scripts.walk_revisions()]):
        do, undo = script.module.upgrade, getattr(script.module, "downgrade", None)
        steps = (migrate(recorder, step) for step in (do, undo, do) if step)
        if reason := find_refusal(*steps):
            found.append(f"{Path(script.path).name} does not run on {PRODUCTION}: {reason}")
    return found


def migrate(recorder: Recorder, step: Callable[[], None]) -> Callable[[], None]:
    """Return what runs a step of a migration as Alembic does."""

    def run() -> None:
        # A new one each time: it remembers the types that it has made.
        context = MigrationContext.configure(recorder)  # type: ignore[arg-type] # stands for one
        with Operations.context(context):
            step()

    return run


def find_refusal(*steps: Callable[[], None]) -> str | None:
    """Return why a step would be refused."""
    for step in steps:
        try:
            step()
        except (CompileError, IdentifierError, RefusedError) as error:
            return " ".join(str(error).split("\n(Background")[0].split())
        except NotImplementedError:
            # A migration that is for good: it is not redone either.
            return None
        except Exception:  # noqa: BLE001 - it needs rows or a server, which other tests have
            continue
    return None


def find_refused_tables() -> list[str]:
    """Return a sentence for each table of the models that production would refuse."""
    tables = Base.metadata.sorted_tables
    reasons = {table.name: find_refusal(partial(make_table, table)) for table in tables}
    return [
        f"the table {name} cannot be made on {PRODUCTION}: {reason}"
        for name, reason in reasons.items()
        if reason
    ]


def make_table(table: Table) -> None:
    """Make a table and its indexes as SQLAlchemy does; raises RefusedError."""
    recorder = Recorder()
    table.create(recorder, checkfirst=False)
    for index in table.indexes:
        recorder.record(CreateIndex(index))
        # {% if cookiecutter.database == "mysql" %}
        check_lengths(index, recorder)


def check_lengths(index: Index, recorder: Recorder) -> None:
    """Raise RefusedError for an index whose keys have no length."""
    for column in index.columns:
        kind = recorder.dialect.type_compiler_instance.process(column.type)
        if kind.endswith(UNBOUNDED) and not index.dialect_options["mysql"]["length"]:
            raise RefusedError(
                f"{column.name} is {kind}, which has no index without mysql_length: "
                "use String(length) or ExactString(length)"
            )
# {% endif %}
