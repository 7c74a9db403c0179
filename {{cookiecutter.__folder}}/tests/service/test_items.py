"""Items over HTTP, and what comes of them."""

from uuid import uuid4

import pytest
from httpx import AsyncClient
# {% if cookiecutter.broker != "none" %}

from app.domain.events import ItemCreated
from tests.kit.events import ReadEmitted
# {% endif %}


async def test_a_created_item_can_be_read(client: AsyncClient) -> None:
    created = await client.post("/v1/items", json={"name": "lamp"})
    assert created.status_code == 201
    read = await client.get(created.headers["location"])
    assert read.json() == created.json()
    assert read.json()["name"] == "lamp"
# {% if cookiecutter.broker != "none" %}


async def test_a_created_item_is_told_to_others(client: AsyncClient, emitted: ReadEmitted) -> None:
    created = (await client.post("/v1/items", json={"name": "lamp"})).json()
    events = await emitted(ItemCreated)
    assert [(str(event.item_id), event.name) for event in events] == [(created["id"], "lamp")]
# {% endif %}
# {% if cookiecutter.interface == "api" or cookiecutter.broker == "none" %}


async def test_a_created_item_is_recorded(client: AsyncClient) -> None:
    await client.post("/v1/items", json={"name": "lamp"})
    activities = (await client.get("/v1/activities")).json()
    assert [(each["kind"], each["subject"]) for each in activities] == [("item.created", "lamp")]
# {% endif %}


async def test_an_unknown_item_is_a_problem(client: AsyncClient) -> None:
    unknown = uuid4()
    response = await client.get(f"/v1/items/{unknown}")
    assert response.status_code == 404
    assert response.json()["detail"] == f"there is no item {unknown}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.name"),
        ({"name": ""}, "body.name"),
        ({"name": "x" * 101}, "body.name"),
        ({"name": 7}, "body.name"),
        ({"name": "lamp", "nmae": "lmap"}, "body.nmae"),
    ],
)
async def test_a_bad_item_is_a_problem_that_names_the_field(
    client: AsyncClient, body: dict[str, object], field: str
) -> None:
    response = await client.post("/v1/items", json=body)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
