"""Errors: each kind has its status, and every answer is a problem made in one place."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from starlette.exceptions import HTTPException

from app.core.config import CoreSettings
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from app.utils.container import Container
from tests.kit.http import PROBLEM, open_nothing

pytestmark = pytest.mark.usefixtures("plain_problems")


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("there is none"), 404),
        (ForbiddenError("not yours"), 403),
        (ConflictError("taken"), 409),
        (InvalidInputError("of no use"), 422),
        (UnavailableError("down"), 503),
        (HTTPException(418, "short and stout"), 418),
    ],
)
async def test_an_error_of_the_service_is_a_problem(
    app: FastAPI, client: AsyncClient, error: Exception, status: int
) -> None:
    @app.get("/test/failing")
    async def fail() -> None:
        raise error

    response = await client.get("/test/failing")
    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["status"] == status
    assert response.json()["detail"] == (getattr(error, "detail", None) or str(error))


async def test_unavailable_says_when_to_come_back(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/failing")
    async def fail() -> None:
        raise UnavailableError("down")

    assert (await client.get("/test/failing")).headers["retry-after"] == "1"


async def test_input_of_no_use_points_at_its_field(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/failing")
    async def fail() -> None:
        raise InvalidInputError("no such place", field="query.place")

    errors = (await client.get("/test/failing")).json()["errors"]
    assert errors == [{"field": "query.place", "message": "no such place"}]
