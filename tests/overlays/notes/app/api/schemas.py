"""What clients of the note service send and receive."""

from app.utils.base_model import (
    Email,
    InputModel,
    IsoDate,
    IsoDuration,
    Model,
    Money,
    TimeOfDay,
    UtcDatetime,
)


class NoteWrite(InputModel):
    """A note to be written."""

    title: str


class NoteView(Model):
    """A note as clients see it."""

    id: int
    slug: str
    readers: int


class Reminder(InputModel):
    """A value of every kind that an input can have."""

    day: IsoDate
    time: TimeOfDay
    every: IsoDuration
    until: UtcDatetime | None = None
    price: Money
    to: list[Email]
