"""The routes of the parcel service."""

from typing import Annotated

from fastapi import status
from pydantic import BaseModel

from app.api.dependencies import opened
from app.domain import parcels
from app.domain.parcels import NoticePosted, ParcelSent, ReadScales, WeighParcel
from app.services.requests import RequestClient
from app.utils.requests import ReplyTimeoutError
from app.web.routing import Router
from app.web.units import ReadUnit, Unit

router = Router(prefix="/v1")

Requests = Annotated[RequestClient, opened(RequestClient)]


class Done(BaseModel):
    """What was done with a parcel."""

    done: list[str]


class Asked(BaseModel):
    """How a request ended."""

    grams: int = 0
    error: str = ""


@router.get("/parcels/{parcel}", response_model=Done, summary="Read what was done with a parcel")
async def read_parcel(parcel: str, uow: ReadUnit) -> Done:
    """Return what was done with it."""
    return Done(done=await parcels.list_done(uow, parcel))


@router.post("/parcels", status_code=status.HTTP_201_CREATED, summary="Send a parcel")
async def send_parcel(body: ParcelSent, uow: Unit) -> ParcelSent:
    """Tell whoever listens."""
    uow.emit(body)
    return body


@router.post("/notices", status_code=status.HTTP_201_CREATED, summary="Post a notice")
async def post_notice(body: NoticePosted, uow: Unit) -> NoticePosted:
    """Tell everybody."""
    uow.emit(body)
    return body


@router.get("/weights/{parcel}", response_model=Asked, summary="Ask for a parcel's weight")
async def weigh(parcel: str, requests: Requests) -> Asked:
    """Ask the service that knows."""
    request = ReadScales() if parcel == "unanswered" else WeighParcel(parcel=parcel)
    try:
        weight = await requests.ask(request, seconds=2)
    except (ReplyTimeoutError, LookupError, RuntimeError) as error:
        return Asked(error=f"{type(error).__name__}: {error}")
    return Asked(grams=weight.grams)
