"""The service that computes, as tests of this one need it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from app.domain.events import (
    Computation,
    Computations,
    Status,
    Task,
    TaskPage,
)

MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def make_task(number: int = 7, **changes: Any) -> Task:
    """Return a task as the other service tells of it."""
    usual: dict[str, Any] = {
        "number": number,
        "kind": "primes",
        "parameters": {"limit": 1000},
        "status": Status.CREATED,
        "progress": 0.0,
        "attempts": 0,
        "result": None,
        "error": None,
        "created_at": MOMENT,
        "queued_at": None,
        "began_at": None,
        "ended_at": None,
    }
    return Task(**usual | changes)


class Tasks:
    """Answers each request with what comes next, and remembers what it was asked."""

    def __init__(self) -> None:
        """Answer with a task that was created."""
        self.asked: list[Any] = []
        self.answers: list[Any] = [make_task()]
        self.seconds = 0.0

    async def answer(self, request: Any) -> Any:
        """Return the next answer, or raise it; the last one stays."""
        self.asked.append(request)
        await asyncio.sleep(self.seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


PAGE = TaskPage(items=[make_task(8), make_task(7)], next="after 7")
COMPUTATIONS = Computations(
    items=[Computation(kind="primes", purpose="Count.", parameters={"type": "object"})]
)
