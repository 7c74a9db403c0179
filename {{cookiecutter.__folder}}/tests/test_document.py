"""The OpenAPI document tells clients what they can get, errors included."""

import pytest
from fastapi import FastAPI

from app.api.exceptions import MEDIA_TYPE
from app.web.document import DocumentedAPI, list_error_contents


def test_every_error_is_declared_as_what_it_is(app: FastAPI) -> None:
    contents = list(list_error_contents(app.openapi()))
    assert contents
    assert {kind for content in contents for kind in content} == {MEDIA_TYPE}


def test_no_error_of_the_frameworks_own_is_declared(app: FastAPI) -> None:
    assert "HTTPValidationError" not in app.openapi()["components"]["schemas"]


@pytest.fixture
def documented() -> DocumentedAPI:
    api = DocumentedAPI(error_media_type="application/problem+json")

    @api.get("/things/{number}")
    @api.put("/things/{number}")
    async def get_thing(number: int) -> int:
        return number

    return api


@pytest.mark.parametrize(
    ("path", "methods"), [("/things/7", ["GET", "PUT"]), ("/things", []), ("/things/7/x", [])]
)
def test_a_path_has_its_methods(documented: DocumentedAPI, path: str, methods: list[str]) -> None:
    assert documented.list_methods(path) == methods
