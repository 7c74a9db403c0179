"""Lists in pages that cost the same however long the list is: keyset pagination.

See Markus Winand, https://use-the-index-luke.com/no-offset.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Select, and_, literal, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.core.errors import InvalidInputError
from app.utils.base_model import UtcDatetime, check_storable

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Order:
    """The order of a list: by a column, and by one with unique values where that is equal.

    An index on the two columns, in this order, keeps every page cheap. Neither may be null.
    """

    column: InstrumentedAttribute[Any]
    unique: InstrumentedAttribute[Any]
    descending: bool = False

    @classmethod
    def both(
        cls, column: InstrumentedAttribute[Any], unique: InstrumentedAttribute[Any]
    ) -> tuple["Order", "Order"]:
        """Return the order by a column, and its reverse."""
        up = cls(column=column, unique=unique)
        return up, cls(column=column, unique=unique, descending=True)

    @property
    def columns(self) -> tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any]]:
        """The two columns."""
        return self.column, self.unique

    @property
    def name(self) -> str:
        """What clients call it: the column, behind a minus when descending."""
        return f"{'-' if self.descending else ''}{self.column.key}"


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """Some rows of a list, and the cursor of those after them, if there are any."""

    items: Sequence[Row]
    next: str | None


async def read_page(
    session: AsyncSession,
    rows: Select[Row],
    order: Order,
    *,
    limit: int,
    cursor: str | None = None,
    offset: int = 0,
) -> Slice[Row]:
    """Return at most `limit` rows: after the cursor, or after the first `offset` ones.

    Rows that come or go meanwhile move nothing: a cursor is a place, not a number. Raises
    InvalidInputError for a cursor that is none, or is one of another order.
    """
    if cursor is not None:
        rows = rows.where(stand_after(order, decode_cursor(order, cursor)))
    ordered = [each.desc() if order.descending else each.asc() for each in order.columns]
    if offset:
        # What is skipped is counted in the index: the rows themselves may lie far apart.
        skipped = rows.with_only_columns(order.unique).order_by(*ordered).offset(offset)
        wanted = skipped.limit(limit + 1).subquery()
        rows = rows.join(wanted, order.unique == wanted.c[order.unique.key])
    # One more than asked for tells whether there are any after them.
    found = (await session.scalars(rows.order_by(*ordered).limit(limit + 1))).all()
    more = len(found) > limit
    return Slice(found[:limit], encode_cursor(order, found[limit - 1]) if more else None)


def stand_after(order: Order, values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a row stands after these values.

    Said twice: some databases find the place in an index by the first form only, some only by the
    second, and by the wrong one they read the whole list.
    """
    (column, unique), (first, second) = order.columns, values
    row = tuple_(column, unique)
    place = tuple_(literal(first, column.type), literal(second, unique.type))
    if order.descending:
        return and_(row < place, or_(column < first, and_(column == first, unique < second)))
    return and_(row > place, or_(column > first, and_(column == first, unique > second)))


def encode_cursor(order: Order, row: object) -> str:
    """Return the cursor of the rows after this one; clients hand it back as it is."""
    values = [getattr(row, each.key) for each in order.columns]
    text = json.dumps([order.name, *to_jsonable_python(values)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(order: Order, cursor: str) -> list[Any]:
    """Return the values that the cursor holds, checked; raises InvalidInputError."""
    try:
        text = base64.b64decode(f"{cursor}{'=' * (-len(cursor) % 4)}", altchars="-_", validate=True)
        name, *values = json.loads(text)
        if name != order.name:
            raise InvalidInputError("the cursor is of another order", field="query.cursor")
        check_storable(values)
        pairs = zip(order.columns, values, strict=True)
        return [choose_type(each).validate_python(value) for each, value in pairs]
    except InvalidInputError:
        raise
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise InvalidInputError("the cursor is none of ours", field="query.cursor") from error


@cache
def choose_type(column: InstrumentedAttribute[Any]) -> TypeAdapter[Any]:
    """Return what reads a column's values out of JSON."""
    kind = column.type.python_type
    return TypeAdapter(UtcDatetime if kind is datetime else kind)
