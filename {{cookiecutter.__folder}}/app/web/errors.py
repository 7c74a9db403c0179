"""Which error is which answer; what an answer looks like is the service's own choice."""

from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import Request, status
from fastapi.exceptions import (
    RequestValidationError,
    ValidationException,
    WebSocketRequestValidationError,
)
from fastapi.utils import is_body_allowed_for_status_code
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

# {% if cookiecutter.cache == "redis" %}
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)
# {% endif %}
# {% if cookiecutter.cache == "none" %}
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.broker != "none" %}
from app.utils.broker_errors import BrokerError
# {% endif %}
# {% if cookiecutter.broker != "none" %}
from app.utils.requests import RemoteError, ReplyTimeoutError
# {% endif %}
from app.web.document import DocumentedAPI

# A body of a megabyte can hold a hundred thousand wrong fields.
MOST_ERRORS = 50
RETRY_SECONDS = 1


class ProblemError(HTTPException):
    """An error whose problem has members of its own, such as its `type`."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        """Answer with these."""
        super().__init__(status, detail, headers)
        self.members = members


class MakeProblem(Protocol):
    """The type of `app.api.exceptions.problem`."""

    def __call__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> Response:
        """Return the answer that tells a client what is wrong."""


def add_error_handlers(app: DocumentedAPI, problem: MakeProblem) -> None:
    """Answer every error that a route or what it calls can raise."""

    @app.exception_handler(HTTPException)
    async def answer_http(request: Request, error: HTTPException) -> Response:
        if not is_body_allowed_for_status_code(error.status_code):
            return Response(status_code=error.status_code, headers=error.headers)
        headers = dict(error.headers or {})
        is_refused = error.status_code == status.HTTP_405_METHOD_NOT_ALLOWED
        if is_refused and (methods := app.list_methods(request.url.path)):
            # Its own names one route; several can share a path.
            headers["Allow"] = ", ".join(methods)
        members = error.members if isinstance(error, ProblemError) else {}
        return problem(error.status_code, str(error.detail), headers=headers, **members)

    @app.exception_handler(RequestValidationError)
    @app.exception_handler(WebSocketRequestValidationError)
    async def answer_invalid(_: Request, error: ValidationException) -> Response:
        errors = [
            {"field": ".".join(map(str, each["loc"])), "message": each["msg"]}
            for each in error.errors()[:MOST_ERRORS]
        ]
        return problem(422, "the request is not valid", errors=errors)

    @app.exception_handler(ClientDisconnect)
    async def answer_nobody(_: Request, __: ClientDisconnect) -> Response:
        # For the log: a client that hangs up while it sends is no failure of ours.
        return problem(400, "the request was not sent to its end")

    @app.exception_handler(InvalidInputError)
    async def answer_unusable(_: Request, error: InvalidInputError) -> Response:
        errors = [{"field": error.field, "message": str(error)}] if error.field else []
        return problem(422, str(error), errors=errors)

    @app.exception_handler(NotFoundError)
    async def answer_not_found(_: Request, error: NotFoundError) -> Response:
        return problem(404, str(error))

    @app.exception_handler(ForbiddenError)
    async def answer_forbidden(_: Request, error: ForbiddenError) -> Response:
        return problem(403, str(error))

    @app.exception_handler(ConflictError)
    async def answer_conflict(_: Request, error: ConflictError) -> Response:
        return problem(409, str(error))

    @app.exception_handler(UnavailableError)
    async def answer_unavailable(_: Request, error: UnavailableError) -> Response:
        return problem(503, str(error), headers={"retry-after": str(RETRY_SECONDS)})
# {% if cookiecutter.database == "none" and cookiecutter.broker != "none" %}

    @app.exception_handler(BrokerError)
    async def answer_no_broker(_: Request, __: BrokerError) -> Response:
        headers = {"retry-after": str(RETRY_SECONDS)}
        return problem(503, "the message broker does not answer, try again later", headers=headers)
# {% endif %}
# {% if cookiecutter.broker != "none" %}

    @app.exception_handler(ReplyTimeoutError)
    async def answer_late(_: Request, error: ReplyTimeoutError) -> Response:
        return problem(504, str(error))

    @app.exception_handler(RemoteError)
    async def answer_remote(_: Request, error: RemoteError) -> Response:
        return problem(502, str(error))
# {% endif %}
# {% if cookiecutter.cache == "redis" %}

    @app.exception_handler(TooManyRequestsError)
    async def answer_too_many(_: Request, error: TooManyRequestsError) -> Response:
        return problem(429, str(error), headers={"retry-after": str(error.retry_after)})
# {% endif %}
