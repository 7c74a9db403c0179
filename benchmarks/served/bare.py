"""The least that FastAPI can do: what the others are compared with."""

from fastapi import FastAPI
from pydantic import BaseModel


class Message(BaseModel):
    """What is sent and returned."""

    message: str


app = FastAPI()


@app.post("/api/echo")
async def echo(body: Message) -> Message:
    """Return what was sent."""
    return body
