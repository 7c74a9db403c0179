"""What clients get when something is wrong: problem details (RFC 9457), made in one function."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.core.errors import NotFoundError, TooManyRequestsError
# {% if cookiecutter.database == "none" and cookiecutter.broker != "none" %}
from app.utils.message_broker import BrokerError
# {% endif %}


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return the answer that tells a client what is wrong."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def add_exception_handlers(app: FastAPI) -> None:
    """Answer every error with a problem."""

    @app.exception_handler(HTTPException)
    async def answer_http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def answer_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(map(str, each["loc"])), "message": each["msg"]}
            for each in error.errors()
        ]
        return problem(422, "the request is not valid", errors=errors)

    @app.exception_handler(NotFoundError)
    async def answer_not_found(_: Request, error: NotFoundError) -> JSONResponse:
        return problem(404, str(error))

    @app.exception_handler(TooManyRequestsError)
    async def answer_too_many(_: Request, error: TooManyRequestsError) -> JSONResponse:
        return problem(429, str(error), headers={"Retry-After": str(error.retry_after)})

    # {% if cookiecutter.database == "none" and cookiecutter.broker != "none" %}
    @app.exception_handler(BrokerError)
    async def answer_no_broker(_: Request, __: BrokerError) -> JSONResponse:
        return problem(503, "the message broker does not answer, try again later")

    # {% endif %}
    @app.exception_handler(Exception)
    async def answer_failure(_: Request, __: Exception) -> JSONResponse:
        return problem(500, "something went wrong on our side")
