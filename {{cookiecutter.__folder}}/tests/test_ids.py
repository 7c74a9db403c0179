"""Ids in paths: one thing has one address."""

from typing import Annotated
from uuid import UUID

import pytest
from fastapi import FastAPI, Path
from httpx import AsyncClient

from app.core.config import CoreSettings
from app.utils.container import Container
from app.web.ids import NumberId, UuidId
from tests.kit.http import open_nothing

ID = "0c9aa3a5-6f0c-4a0e-9a3e-bb2a44cc4b5b"


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.fixture
def numbered(app: FastAPI) -> None:
    """A route of things with numbers."""

    @app.get("/test/numbers/{number}")
    async def get(number: Annotated[NumberId, Path(ge=-7, lt=2**63)]) -> int:
        return number


@pytest.mark.usefixtures("numbered")
@pytest.mark.parametrize("number", [0, 1, 10, -7, 2**63 - 1])
async def test_a_number_is_written_in_digits(client: AsyncClient, number: int) -> None:
    answer = await client.get(f"/test/numbers/{number}")
    assert (answer.status_code, answer.json()) == (200, number)


@pytest.mark.usefixtures("numbered")
@pytest.mark.parametrize(
    "text",
    [
        *("01", "00", "-0", "-01", "+1", "1_0", "1.0", "1e3", "0x1", "%201", "1%20", "1%0A"),
        *("%D9%A3", "%EF%BC%91", "1%00", "1,0", "--1", "true", str(2**63), "9" * 5000),
    ],
)
async def test_a_number_that_is_written_otherwise_is_refused(
    client: AsyncClient, text: str
) -> None:
    answer = await client.get(f"/test/numbers/{text}")
    assert answer.status_code == 422


@pytest.fixture
def named(app: FastAPI) -> None:
    """A route of things with UUIDs."""

    @app.get("/test/uuids/{id}")
    async def get(thing: Annotated[UuidId, Path(alias="id")]) -> UUID:
        return thing


@pytest.mark.usefixtures("named")
async def test_a_uuid_is_written_in_small_letters_with_hyphens(client: AsyncClient) -> None:
    answer = await client.get(f"/test/uuids/{ID}")
    assert (answer.status_code, answer.json()) == (200, ID)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    "text",
    [
        ID.upper(),
        ID.replace("-", ""),
        "{" + ID + "}",
        f"urn:uuid:{ID}",
        f"%20{ID}",
        f"{ID}%0A",
        ID[:-1],
        "7",
    ],
)
async def test_a_uuid_that_is_written_otherwise_is_refused(client: AsyncClient, text: str) -> None:
    assert (await client.get(f"/test/uuids/{text}")).status_code == 422


@pytest.mark.usefixtures("numbered", "named")
def test_the_document_says_which_ids_there_are(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    [number] = paths["/test/numbers/{number}"]["get"]["parameters"]
    [thing] = paths["/test/uuids/{id}"]["get"]["parameters"]
    assert number["schema"]["type"] == "integer"
    assert (thing["schema"]["type"], thing["schema"]["format"]) == ("string", "uuid")
