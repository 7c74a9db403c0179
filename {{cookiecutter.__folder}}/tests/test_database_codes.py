"""Codes of databases: which tell of an outage, and which of a failure of this statement."""

import pytest
from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError

from app.core.errors import ConflictError, InvalidInputError, TransactionConflictError
from app.database_errors import (
    DatabaseFullError,
    DatabaseLimitError,
    DatabaseReadOnlyError,
    # {% if cookiecutter.database == "mysql" %}
    DatabaseTimeoutError,
    # {% endif %}
    DatabaseUnavailableError,
    interpret,
)


class DriverError(Exception):
    """An error as drivers raise it."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(*([int(code)] if code.isdecimal() else []), words)
        self.sqlstate = None if code.startswith("SQLITE") else code
        self.sqlite_errorname = code


def read(code: str, words: str = "", *, lost: bool = False) -> type | None:
    """Return what an error with the code means."""
    driver = DriverError(code, words)
    error = exc.DBAPIError("SELECT", {}, driver, connection_invalidated=lost)
    meaning = interpret(error)
    return type(meaning) if meaning else None


@pytest.mark.parametrize(
    "code",
    [
        # {% if cookiecutter.database == "postgresql" %}
        "08000",
        "08001",
        "08003",
        "08006",
        "08P01",
        "28000",
        "28P01",
        "3D000",
        "53000",
        "53300",
        "57P01",
        "57P02",
        "57P03",
        "57P04",
        "57P05",
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        "1040",
        "1042",
        "1044",
        "1045",
        "1047",
        "1049",
        "1053",
        "1129",
        "1130",
        "1135",
        "1203",
        "1226",
        "1927",
        "2002",
        "2003",
        "2006",
        "2013",
        "2055",
        "3159",
        "4031",
        # {% endif %}
        "SQLITE_BUSY",
        "SQLITE_CANTOPEN",
        "SQLITE_IOERR_READ",
        "SQLITE_LOCKED",
        "SQLITE_PROTOCOL",
    ],
)
def test_a_server_that_is_not_there_or_says_not_now_is_an_outage(code: str) -> None:
    assert read(code) is DatabaseUnavailableError


@pytest.mark.parametrize(
    "code",
    [
        # {% if cookiecutter.database == "postgresql" %}
        "25P03",
        "25P04",
        "53200",
        "53400",
        "55P03",
        "57014",
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        "1037",
        "1038",
        "1041",
        "1205",
        "1206",
        "1317",
        "1969",
        "3024",
        "3572",
        # {% endif %}
        "SQLITE_INTERRUPT",
        "SQLITE_NOMEM",
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_a_limit_that_a_statement_met_is_its_failure(code: str, lost: bool) -> None:
    assert read(code, lost=lost) is DatabaseLimitError
    assert not DatabaseLimitError.is_outage


@pytest.mark.parametrize(
    "code",
    [
        # {% if cookiecutter.database == "postgresql" %}
        "0A000",
        "22012",
        "22P02",
        "23502",
        "23514",
        "25001",
        "25P02",
        "42501",
        "42601",
        "42P01",
        "54001",
        "55000",
        "55006",
        "57000",
        "58000",
        "58030",
        "58P01",
        "P0001",
        "XX000",
        "XX001",
        "XX002",
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        "1048",
        "1054",
        "1064",
        "1142",
        "1146",
        "1153",
        "1366",
        "1365",
        "1690",
        "3819",
        "4025",
        # {% endif %}
        "SQLITE_CONSTRAINT_NOTNULL",
        "SQLITE_CORRUPT",
        "SQLITE_ERROR",
        "SQLITE_NOTADB",
    ],
)
def test_everything_else_is_no_outage(code: str) -> None:
    assert read(code) in (None, InvalidInputError)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        # {% if cookiecutter.database == "postgresql" %}
        ("53100", "could not extend file: No space left on device"),
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        ("1021", "Disk full (/tmp); waiting for someone to free some space..."),
        ("1026", "Error writing file 'x' (errno: 28 \"No space left on device\")"),
        ("1030", 'Got error 28 "No space left on device" from storage engine InnoDB'),
        ("1114", "The table 'items' is full"),
        # {% endif %}
        ("SQLITE_FULL", "database or disk is full"),
    ],
)
def test_a_database_without_room_is_an_outage(code: str, words: str) -> None:
    assert read(code, words) is DatabaseFullError


@pytest.mark.parametrize(
    ("code", "words"),
    [
        # {% if cookiecutter.database == "postgresql" %}
        ("25006", "cannot execute INSERT in a read-only transaction"),
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        ("1290", "The MariaDB server is running with the --read-only option so it cannot ..."),
        ("1290", "The MySQL server is running with the --super-read-only option so it ..."),
        ("1792", "Cannot execute statement in a READ ONLY transaction"),
        ("1836", "Running in read-only mode"),
        ("1874", "InnoDB is in read only mode."),
        # {% endif %}
        ("SQLITE_READONLY", "attempt to write a readonly database"),
        ("SQLITE_READONLY_DBMOVED", "attempt to write a readonly database"),
    ],
)
def test_only_a_server_that_was_left_for_it_is_read_only(code: str, words: str) -> None:
    assert read(code, words, lost=True) is DatabaseReadOnlyError
    assert read(code, words) is None, "a transaction that we made read-only ourselves has written"


@pytest.mark.parametrize(
    "code",
    [
        # {% if cookiecutter.database == "postgresql" %}
        "26000",
        "40001",
        "40P01",
        "42P05",
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        "1020",
        "1213",
        "1412",
        "1615",
        "3101",
        # {% endif %}
        "SQLITE_BUSY_SNAPSHOT",
        "SQLITE_SCHEMA",
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_a_conflict_is_run_again(code: str, lost: bool) -> None:
    assert read(code, lost=lost) is TransactionConflictError
    assert not TransactionConflictError.is_outage


def test_a_row_that_another_transaction_changed_is_a_conflict() -> None:
    assert type(interpret(StaleDataError("expected 1 row"))) is TransactionConflictError


def test_a_connection_that_was_lost_without_a_word_is_an_outage() -> None:
    assert read("", "connection is closed", lost=True) is DatabaseUnavailableError


@pytest.mark.parametrize(
    "code",
    [
        # {% if cookiecutter.database == "postgresql" %}
        "22001",
        "22P05",
        "54000",
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        "1118",
        "1153",
        "1406",
        # {% endif %}
        "SQLITE_TOOBIG",
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_a_value_that_cannot_be_stored_is_the_mistake_of_who_sent_it(code: str, lost: bool) -> None:
    assert read(code, lost=lost) is InvalidInputError


def test_a_constraint_is_a_conflict_with_what_is_stored() -> None:
    assert read("SQLITE_CONSTRAINT_UNIQUE") is ConflictError
# {% if cookiecutter.database == "mysql" %}


def test_a_client_that_waited_in_vain_does_not_know_whose_fault_it_was() -> None:
    words = "Lost connection to MySQL server during query (read timeout)"
    assert read("2013", words, lost=True) is DatabaseTimeoutError


def test_other_options_of_the_server_are_no_outage() -> None:
    words = "The MySQL server is running with the --secure-file-priv option so it cannot ..."
    assert read("1290", words) is None
    assert read("1030", "Got error 122 from storage engine") is None
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}


@pytest.mark.parametrize("name", ["InvalidCachedStatementError", "OutdatedSchemaCacheError"])
def test_a_statement_that_was_prepared_before_a_migration_is_a_conflict(name: str) -> None:
    driver = DriverError("")
    driver.__cause__ = type(name, (Exception,), {})()
    error = exc.DBAPIError("SELECT", {}, driver)
    assert type(interpret(error)) is TransactionConflictError


@pytest.mark.parametrize(
    "words", ["cache lookup failed for type 16401", "tuple concurrently updated"]
)
def test_catalogs_that_a_migration_changes_are_a_conflict(words: str) -> None:
    assert read("XX000", words) is TransactionConflictError
# {% endif %}
