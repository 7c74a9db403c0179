"""A request, and one who answers it in the way that a test says."""

import asyncio
from datetime import timedelta

from pydantic import BaseModel

from app.services.requests import DEADLINE_HEADER
from app.utils.clock import now
from app.utils.consumer import Consumer
from app.utils.envelope import Envelope
from app.utils.requests import Request


class Sum(BaseModel):
    """A sum."""

    value: int


class Add(Request[Sum], topic="test.add"):
    """Add two numbers."""

    first: int
    second: int


class Calculator:
    """Answers in the way that it is told to."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.calls = 0
        self.seconds = 0.0

    async def add(self, request: Add) -> Sum:
        self.calls += 1
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        return Sum(value=request.first + request.second)


def make_consumer(calculator: Calculator) -> Consumer:
    """Return a consumer whose requests the calculator answers."""
    consumer = Consumer()
    consumer.answer(Add, name="add")(calculator.add)
    return consumer


def make_request(body: bytes = b'{"first": 2, "second": 3}', *, seconds: float = 5) -> Envelope:
    """Return a request as it comes from the broker."""
    deadline = (now() + timedelta(seconds=seconds)).isoformat()
    return Envelope(topic=Add.topic, body=body, source="tests", headers={DEADLINE_HEADER: deadline})
