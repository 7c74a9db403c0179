"""The route that is measured, in the place of the starter's."""

from pydantic import BaseModel

from app.web.routing import Router

router = Router(prefix="/api")


class Message(BaseModel):
    """What is sent and returned."""

    message: str


@router.post("/echo")
async def echo(body: Message) -> Message:
    """Return what was sent."""
    return body
