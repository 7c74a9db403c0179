"""Routes whose answers cannot be kept: refused when they are declared."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import FileResponse, Response, StreamingResponse
from httpx import AsyncClient

from app.web.idempotency import IdempotencyRequired, Idempotent
from app.web.routing import RouteError, Router, check_routes
# {% if cookiecutter.database != "none" %}
from app.web.units import Begin, Unit
# {% endif %}

SENTENCE = r"^POST /test/answer: Idempotent keeps the answer, and one that streams"


@pytest.fixture
def router() -> Router:
    return Router()


async def stream() -> AsyncIterator[bytes]:
    yield b"half"


async def answer_stream() -> StreamingResponse:
    return StreamingResponse(stream())


async def answer_stream_or_not() -> StreamingResponse | None:
    return None


async def answer_file() -> FileResponse:
    return FileResponse("service.db")


async def answer_lines() -> AsyncIterator[int]:
    yield 1


async def answer_nothing() -> None:
    """Answer nothing that streams."""


class TestDeclaration:
    """What cannot be kept is refused when the route is declared."""

    @pytest.mark.parametrize(
        "endpoint", [answer_stream, answer_stream_or_not, answer_file, answer_lines]
    )
    @pytest.mark.parametrize("dependency", [Idempotent, IdempotencyRequired])
    def test_an_answer_that_streams(
        self, router: Router, endpoint: Callable[..., Any], dependency: Any
    ) -> None:
        declare = router.post("/test/answer", response_model=None, dependencies=[dependency])
        with pytest.raises(RouteError, match=SENTENCE):
            declare(endpoint)

    def test_a_class_of_answers_that_stream(self, router: Router) -> None:
        declare = router.post(
            "/test/answer", response_class=StreamingResponse, dependencies=[Idempotent]
        )
        with pytest.raises(RouteError, match=SENTENCE):
            declare(answer_nothing)

    def test_a_dependency_of_a_dependency(self, router: Router) -> None:
        async def pay(_: None = Idempotent) -> None:
            """Ask for it in another place."""

        with pytest.raises(RouteError, match=SENTENCE):
            router.post("/test/answer", dependencies=[Depends(pay)])(answer_stream)

    def test_a_router_of_routes_that_stream(self) -> None:
        with pytest.raises(RouteError, match=SENTENCE):
            Router(dependencies=[Idempotent]).post("/test/answer")(answer_stream)

    def test_an_application_whose_routes_stream(self, app: FastAPI, router: Router) -> None:
        router.post("/answer")(answer_stream)
        app.include_router(router, prefix="/test", dependencies=[Idempotent])
        with pytest.raises(RouteError, match=SENTENCE):
            check_routes(app)

    def test_a_router_that_is_not_the_services(self, app: FastAPI) -> None:
        router = APIRouter()
        router.post("/test/answer", dependencies=[Idempotent])(answer_nothing)
        app.include_router(router)
        with pytest.raises(RouteError, match=r"^POST /test/answer: .* Router instead of APIRouter"):
            check_routes(app)
    # {% if cookiecutter.database != "none" %}

    def test_a_route_that_commits_on_its_own(self, router: Router) -> None:
        async def change(begin: Begin) -> None:
            """Begin units of work."""

        with pytest.raises(RouteError, match=r"^POST /test/answer: .* ask for Unit instead of"):
            router.post("/test/answer", dependencies=[Idempotent])(change)

    def test_a_route_that_begins_others_after_its_own(self, router: Router) -> None:
        @router.post("/test/answer", dependencies=[Idempotent])
        async def change(uow: Unit, begin: Begin) -> None:
            """Begin units of work after the commit."""
    # {% endif %}


async def test_a_stream_that_was_not_declared_has_no_effect(
    app: FastAPI, router: Router, client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    @router.post("/test/answer", dependencies=[Idempotent])
    async def answer() -> Response:
        return StreamingResponse(stream())

    app.include_router(router)
    key = {"idempotency-key": '"k1"'}
    assert (await client.post("/test/answer", headers=key)).status_code == 500
    assert "POST /test/answer: Idempotent keeps the answer" in caplog.text
    assert (await client.post("/test/answer")).content == b"half"
