"""Columns that behave alike in every database."""

from sqlalchemy import String, Text
from sqlalchemy.dialects.mysql import MEDIUMTEXT, VARCHAR
from sqlalchemy.types import TypeEngine


def exact(length: int) -> TypeEngine[str]:
    """Return the type of text that is compared letter by letter, as MySQL does not by itself."""
    return String(length).with_variant(VARCHAR(length, collation="utf8mb4_bin"), "mysql")


def long_text() -> TypeEngine[str]:
    """Return the type of text as long as a request can be; MySQL's TEXT ends at 64 KiB."""
    return Text().with_variant(MEDIUMTEXT(), "mysql")
