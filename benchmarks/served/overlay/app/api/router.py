"""The route that is measured, in the place of the starter's."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/api")


class Message(BaseModel):
    """What is sent and returned."""

    message: str


@router.post("/echo")
async def echo(body: Message) -> Message:
    """Return what was sent."""
    return body
