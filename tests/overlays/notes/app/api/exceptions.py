"""The errors of the note service: a body of its own, in one place."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from app.utils.base_model import Model

MEDIA_TYPE = "application/json"


class Failure(Model):
    """What went wrong."""

    error: str


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **_: Any
) -> JSONResponse:
    """Return the answer that tells a client what is wrong."""
    return JSONResponse({"error": detail}, status, headers)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare which errors a route may answer."""
    return {
        status: {"model": Failure, "description": HTTPStatus(status).phrase} for status in statuses
    }
