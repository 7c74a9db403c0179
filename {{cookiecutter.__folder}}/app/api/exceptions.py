"""What clients get when something is wrong: problem details (RFC 9457), made in one function."""

from collections.abc import Mapping
from http.client import responses
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import Field

from app.utils.base_model import Model

MEDIA_TYPE = "application/problem+json"


class FieldProblem(Model):
    """What is wrong with one value of the request."""

    field: str = Field(examples=["body.name"])
    message: str = Field(examples=["Field required"])


class Problem(Model):
    """What is wrong, for machines (`status`, `errors`) and people (`title`, `detail`)."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no item 7"])
    errors: list[FieldProblem] = Field(default=[])


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return the answer that tells a client what is wrong; every layer answers with it."""
    body = {"title": responses.get(status, "Error"), "status": status, "detail": detail, **members}
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare which problems a route may answer, for its `responses`."""
    return {
        status: {"model": Problem, "description": responses.get(status, "Error")}
        for status in statuses
    }
