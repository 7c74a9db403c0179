"""The codes of databases, by what they mean to the service.

The rule: an outage is a connection lost or refused, or a server that says "not now", "I am
read-only" or "out of room". Everything else is a failure of this statement or this message.
"""

# {% if cookiecutter.database == "postgresql" %}
# PostgreSQL's SQLSTATEs, or the two characters of a whole class, and SQLite's names.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
# The error numbers of MySQL and MariaDB, and SQLite's names.
# https://mariadb.com/docs/server/reference/error-codes
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
# SQLite's names of result codes: https://www.sqlite.org/rescode.html
# {% endif %}
CONFLICT = (
    # {% if cookiecutter.database == "postgresql" %}
    # A prepared statement that the server does not have, or has already: a pooler's doing.
    "26000",
    "40001",
    "40P01",
    "42P05",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "1020",
    "1213",
    # The table has changed since the transaction or the statement began.
    "1412",
    "1615",
    # A group of servers that certifies transactions has refused this one.
    "3101",
    # {% endif %}
    "SQLITE_BUSY_RECOVERY",
    "SQLITE_BUSY_SNAPSHOT",
    "SQLITE_SCHEMA",
)
CONSTRAINT = (
    # {% if cookiecutter.database == "postgresql" %}
    "23503",
    "23505",
    "23P01",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "1062",
    "1451",
    "1452",
    # {% endif %}
    "SQLITE_CONSTRAINT_FOREIGNKEY",
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_UNIQUE",
)
UNSTORABLE = (
    # {% if cookiecutter.database == "postgresql" %}
    "22000",
    "22001",
    "22003",
    "22021",
    # A character that a type cannot have, such as NUL in JSON, and what an index has no room for.
    "22P05",
    "54000",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    # More than a row, or a packet, may have.
    "1118",
    "1153",
    "1264",
    "1366",
    "1406",
    # {% endif %}
    "SQLITE_MISMATCH",
    "SQLITE_TOOBIG",
)
LIMIT = (
    # {% if cookiecutter.database == "postgresql" %}
    # Time idle in a transaction, time of a transaction, memory, a configured limit, time of a lock
    # and of a statement.
    "25P03",
    "25P04",
    "53200",
    "53400",
    "55P03",
    "57014",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    # Memory, locks, a statement that was ended, and its time.
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
)
# {% if cookiecutter.database == "sqlite" %}
FULL = ("SQLITE_FULL",)
READ_ONLY = ("SQLITE_READONLY",)
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
FULL = (
    # {% endif %}
    # {% if cookiecutter.database == "postgresql" %}
    "53100",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "1021",
    "1114",
    # {% endif %}
    # {% if cookiecutter.database != "sqlite" %}
    "SQLITE_FULL",
)
READ_ONLY = (
    # {% endif %}
    # {% if cookiecutter.database == "postgresql" %}
    "25006",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "1290",
    "1792",
    "1836",
    "1874",
    # {% endif %}
    # {% if cookiecutter.database != "sqlite" %}
    "SQLITE_READONLY",
)
# {% endif %}
"""The server, or this transaction, cannot write: `app.database_drivers` tells them apart."""
UNAVAILABLE = (
    # {% if cookiecutter.database == "postgresql" %}
    "08",
    "28",
    "3D",
    "53000",
    "53300",
    "57P",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    # Too many connections, and no thread for one.
    "1040",
    "1135",
    "1203",
    "1226",
    # It lets nobody in, or not us.
    "1042",
    "1043",
    "1044",
    "1045",
    "1049",
    "1129",
    "1130",
    "1698",
    "1820",
    "1862",
    "3118",
    "3159",
    "4151",
    # It starts, stops or is not part of its cluster.
    "1047",
    "1053",
    "1077",
    "1079",
    "1080",
    "3168",
    # The connection is gone.
    "1152",
    "1158",
    "1159",
    "1160",
    "1161",
    "1184",
    "1927",
    "4031",
    # All that clients say themselves, such as 2006 and 2013.
    "20",
    # {% endif %}
    "SQLITE_BUSY",
    "SQLITE_CANTOPEN",
    "SQLITE_IOERR",
    "SQLITE_LOCKED",
    "SQLITE_PROTOCOL",
)
# {% if cookiecutter.database == "postgresql" %}
LOGIN = ("28",)
"""The login is refused: at the start, that is a mistake in its settings."""
ABSENT = ("3D",)
"""There is no database of this name."""
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
LOGIN = ("1044", "1045", "1698")
"""The login is refused: at the start, that is a mistake in its settings."""
ABSENT = ("1049",)
"""There is no database of this name."""
# {% endif %}
