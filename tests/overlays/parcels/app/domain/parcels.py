"""Parcels: what others tell us of them, and what we tell others."""

import os

from pydantic import BaseModel
from sqlalchemy import select

from app.core.errors import NotFoundError
from app.domain.models import Activity
from app.unit_of_work import UnitOfWork
from app.utils.message_broker import Event
from app.utils.requests import Request

# Every test has topics of its own on the servers that it shares with others.
TOPICS = os.environ["TOPICS"]


class ParcelSent(Event, topic=f"{TOPICS}.parcel.sent", key="parcel"):
    """A parcel is on its way; one with a defect cannot be received until that is cured."""

    parcel: str
    defect: str = ""


class ParcelReceived(Event, topic=f"{TOPICS}.parcel.received", key="parcel"):
    """A parcel has arrived."""

    parcel: str


class NoticePosted(Event, topic=f"{TOPICS}.notice.posted"):
    """Something that everybody should hear."""

    text: str


class Weight(BaseModel):
    """How heavy a parcel is."""

    grams: int


class WeighParcel(Request[Weight], topic=f"{TOPICS}.parcel.weigh"):
    """The question how heavy a parcel is."""

    parcel: str


class ReadScales(Request[Weight], topic=f"{TOPICS}.scales.read"):
    """A question that nobody answers."""


class ParcelNotFoundError(NotFoundError):
    """There is no such parcel."""


async def record(uow: UnitOfWork, kind: str, parcel: str) -> None:
    """Record what was done with a parcel."""
    uow.session.add(Activity(kind=kind, subject=parcel))


async def list_done(uow: UnitOfWork, parcel: str) -> list[str]:
    """Return everything that was done with a parcel, in order."""
    rows = select(Activity.kind).filter_by(subject=parcel).order_by(Activity.kind)
    return list(await uow.session.scalars(rows))
