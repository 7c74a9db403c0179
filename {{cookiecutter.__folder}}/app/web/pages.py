"""Lists in pages, as clients ask for them and get them."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field

from app.core.errors import InvalidInputError
from app.utils.base_model import InputModel, Model

Entry = TypeVar("Entry")

LARGEST_PAGE = 200
# Beyond it every page costs more than the one before: a cursor does not.
LARGEST_OFFSET = 1_000


class PageQuery(InputModel):
    """Which part of a list is wanted: after a cursor, or after so many entries."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50
    cursor: Annotated[
        str | None,
        Field(max_length=1000, description="`next` of the page before; goes on where that ended."),
    ] = None
    offset: Annotated[
        int,
        Field(ge=0, le=LARGEST_OFFSET, description="How many entries to skip; not with a cursor."),
    ] = 0

    def model_post_init(self, _: object) -> None:
        """Refuse what contradicts itself."""
        if self.cursor is not None and self.offset:
            raise InvalidInputError("give a cursor or an offset, not both", field="query.offset")


class Page(Model, Generic[Entry]):
    """Some entries of a list."""

    items: list[Entry]
    next: str | None = Field(
        default=None, description="The cursor of the next page; null on the last one."
    )
