"""What the service does with messages."""

import asyncio
import os
from pathlib import Path

from app.domain import parcels
from app.domain.parcels import NoticePosted, ParcelReceived, ParcelSent, WeighParcel, Weight
from app.unit_of_work import UnitOfWork
from app.utils.consumer import Consumer, RetryPolicy
from app.utils.envelope import Envelope
from app.utils.logger import Logger

logger = Logger(__name__)
consumer = Consumer()

RETRY = RetryPolicy(attempts=3, ladder=(0.2,))
# A file with the name of a defect cures it.
CURES = Path(os.environ["CURES"])


@consumer.on(ParcelSent, retry=RETRY)
async def receive_parcel(event: ParcelSent, message: Envelope, uow: UnitOfWork) -> None:
    """Receive a parcel that has no defect."""
    if event.defect and not (CURES / event.defect).exists():
        raise RuntimeError(f"{event.parcel}: {event.defect}")
    await parcels.record(uow, "received", event.parcel)
    uow.emit(ParcelReceived(parcel=event.parcel))
    logger.info("parcel received", parcel=event.parcel, id=message.id, source=message.source)


@consumer.on(ParcelSent, retry=RETRY)
async def count_parcel(event: ParcelSent, uow: UnitOfWork) -> None:
    """Count every parcel."""
    await parcels.record(uow, "counted", event.parcel)


@consumer.on(NoticePosted, broadcast=True)
async def hear_notice(event: NoticePosted) -> None:
    """Hear a notice, in every process."""
    logger.info("notice heard", text=event.text, pid=os.getpid())


@consumer.answer(WeighParcel)
async def weigh_parcel(request: WeighParcel) -> Weight:
    """Answer, unless there is no such parcel or it takes too long."""
    if request.parcel == "none":
        raise parcels.ParcelNotFoundError("there is no such parcel")
    if request.parcel == "endless":
        await asyncio.Event().wait()
    return Weight(grams=len(request.parcel))
