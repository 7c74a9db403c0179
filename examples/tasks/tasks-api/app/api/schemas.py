"""What clients send and receive."""

from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue

from app.domain.events import Status
from app.utils.base_model import InputModel, Model, UtcDatetime
from app.web.pages import PageQuery

PARAMETERS = {"limit": 1_000_000_000}
RESULT = {"count": 50_847_534, "largest": 999_999_937}


def refuse_infinite(value: JsonValue) -> JsonValue:
    """Refuse numbers that are too large to be numbers, such as 1e999, wherever they stand."""
    match value:
        case float() if not isfinite(value):
            raise ValueError("a number is too large, or none")
        case dict():
            refuse_infinite(list(value.values()))
        case list():
            for each in value:
                refuse_infinite(each)
    return value


FiniteJson = Annotated[JsonValue, AfterValidator(refuse_infinite)]


class TaskCreate(InputModel):
    """A task to be created."""

    kind: str = Field(min_length=1, max_length=50, examples=["primes"])
    parameters: dict[str, FiniteJson] = Field(
        examples=[PARAMETERS], description="What `GET /v1/computations` says for the kind."
    )


class TaskQuery(PageQuery):
    """Which tasks are listed, and in which order."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    sort: Literal["number", "-number"] = "-number"
    status: Status | None = None


class TaskSummaryView(Model):
    """A task as clients see it in a list."""

    number: int = Field(examples=[7])
    kind: str = Field(examples=["primes"])
    status: Status
    progress: float = Field(description="Which part of it is done.", ge=0, le=1)
    attempts: int = Field(examples=[1])
    result: dict[str, JsonValue] | None = Field(examples=[RESULT])
    error: str | None = Field(description="Why it failed, or its last attempt did.")
    created_at: UtcDatetime
    queued_at: UtcDatetime | None = Field(description="When it was started.")
    began_at: UtcDatetime | None = Field(description="When its last attempt began.")
    ended_at: UtcDatetime | None


class TaskView(TaskSummaryView):
    """A task as clients see it."""

    parameters: dict[str, JsonValue] = Field(examples=[PARAMETERS])


class ComputationView(Model):
    """A kind of task."""

    kind: str = Field(examples=["primes"])
    purpose: str = Field(examples=["Count the primes up to a limit."])
    parameters: dict[str, Any] = Field(description="The JSON Schema of its parameters.")


class ComputationsView(Model):
    """All kinds of tasks."""

    items: list[ComputationView]
