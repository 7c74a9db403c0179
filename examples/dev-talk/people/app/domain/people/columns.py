"""Columns that behave alike in every database."""

from sqlalchemy import Text
from sqlalchemy.dialects.mysql import MEDIUMTEXT
from sqlalchemy.types import TypeEngine


def long_text() -> TypeEngine[str]:
    """Return the type of text as long as a request can be; MySQL's TEXT ends at 64 KiB."""
    return Text().with_variant(MEDIUMTEXT(), "mysql")
