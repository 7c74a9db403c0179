"""Input that is of no use: pointed at, not sent back, and never an error of ours."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from pydantic import Field

from app.core.config import CoreSettings
from app.utils.base_model import InputModel
from app.utils.container import Container
from tests.kit.http import PROBLEM, open_nothing

# In this order: the application is made with the problems.
pytestmark = pytest.mark.usefixtures("plain_problems", "route")


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


class Parcel(InputModel):
    """What the tests send."""

    name: str
    sizes: list[int] = Field(default_factory=list)


@pytest.fixture
def route(app: FastAPI) -> None:
    @app.post("/test/parcels")
    async def take(parcel: Parcel) -> Parcel:
        return parcel


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"null", "body"),
        (b'"text"', "body"),
        (b"[]", "body"),
        (b"{", "body.1"),
        (b"{}", "body.name"),
        (b'{"name": 1}', "body.name"),
        (b'{"name": null}', "body.name"),
        (b'{"name": "a\\u0000b"}', "body.name"),
        (b'{"name": "\\ud800"}', "body.name"),
        (b'{"name": "a", "sizes": [1, "x"]}', "body.sizes.1"),
        (b'{"name": "a", "sizes": [9223372036854775808]}', "body.sizes"),
        (b'{"name": "a", "nmae": "b"}', "body.nmae"),
        (b'{"name": "a", "\\ud800": "b"}', "body"),
    ],
)
async def test_a_bad_value_is_pointed_at(client: AsyncClient, body: bytes, field: str) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/test/parcels", content=body, headers=headers)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "\xff"}',
        b"\x00",
        b"[" * 100_000,
        b'{"name": ' * 50_000,
        b'{"name": "a", "sizes": [' + b"9" * 5_000 + b"]}",
    ],
    ids=["not UTF-8", "a NUL byte", "deep lists", "deep objects", "a huge number"],
)
async def test_a_body_that_cannot_be_read_is_the_clients_mistake(
    client: AsyncClient, body: bytes
) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/test/parcels", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "x"])
async def test_a_body_of_another_type_is_the_clients_mistake(
    client: AsyncClient, kind: str
) -> None:
    headers = {"content-type": kind}
    response = await client.post("/test/parcels", content=b'{"name": "a"}', headers=headers)
    assert response.status_code == 422


async def test_a_thousand_mistakes_are_not_all_listed(client: AsyncClient) -> None:
    body = {"name": "a", "sizes": ["x"] * 1_000}
    response = await client.post("/test/parcels", json=body)
    assert response.status_code == 422
    assert len(response.json()["errors"]) == 50


async def test_what_was_sent_is_not_sent_back(client: AsyncClient) -> None:
    response = await client.post("/test/parcels", json={"name": 1, "secret": "hunter2"})
    assert "hunter2" not in response.text
