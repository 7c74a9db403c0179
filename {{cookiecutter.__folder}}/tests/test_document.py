"""The OpenAPI document tells clients what they can get, errors included."""

from collections.abc import AsyncIterator

import pytest
from fastapi.sse import EventSourceResponse

from app.api.exceptions import MEDIA_TYPE, problems
from app.web.document import DocumentedAPI, list_errors


@pytest.fixture
def api() -> DocumentedAPI:
    api = DocumentedAPI(error_media_type=MEDIA_TYPE)

    @api.get("/things/{number}", responses=problems(404, 422))
    @api.put("/things/{number}", responses=problems(404, 422))
    async def get_thing(number: int) -> int:
        return number

    return api


def test_errors_are_declared_in_the_media_type_that_they_have(api: DocumentedAPI) -> None:
    errors = [list(content) for content, _ in list_errors(api.openapi())]
    assert errors == [[MEDIA_TYPE]] * 4


def test_errors_of_a_route_that_answers_otherwise_are_declared_so_too(api: DocumentedAPI) -> None:
    @api.get("/stream", response_class=EventSourceResponse, responses=problems(404))
    async def stream() -> AsyncIterator[int]:
        yield 7

    responses = api.openapi()["paths"]["/stream"]["get"]["responses"]
    contents = {status: list(response["content"]) for status, response in responses.items()}
    assert contents == {"200": ["text/event-stream"], "404": [MEDIA_TYPE]}


def test_no_error_of_the_frameworks_own_is_declared(api: DocumentedAPI) -> None:
    assert "HTTPValidationError" not in api.openapi()["components"]["schemas"]


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/things/7", ["GET", "HEAD", "PUT"]), ("/things", []), ("/things/7/x", [])],
)
def test_a_path_has_its_methods(api: DocumentedAPI, path: str, methods: list[str]) -> None:
    assert api.list_methods(path) == methods


def test_a_path_without_parameters_has_its_own_methods_only(api: DocumentedAPI) -> None:
    @api.get("/things/newest")
    async def get_newest() -> int:
        return 7

    assert api.list_methods("/things/newest") == ["GET", "HEAD"]
