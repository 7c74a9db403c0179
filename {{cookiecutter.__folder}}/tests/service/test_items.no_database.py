"""Items over HTTP, and what comes of them."""

import pytest
from httpx import AsyncClient
# {% if cookiecutter.broker != "none" %}

from app.domain.events import ItemCreated
from tests.kit.events import ReadEmitted
from tests.kit.tokens import Issuer


async def test_a_created_item_is_told_to_others(client: AsyncClient, emitted: ReadEmitted) -> None:
    created = (await client.post("/v1/items", json={"name": "lamp"})).json()
    events = await emitted(ItemCreated)
    assert [(str(event.item_id), event.name) for event in events] == [(created["id"], "lamp")]


# {% endif %}
# {% if cookiecutter.broker == "none" %}

from tests.kit.tokens import Issuer


async def test_a_created_item_is_recorded(client: AsyncClient) -> None:
    assert (await client.post("/v1/items", json={"name": "lamp"})).status_code == 201
    activities = (await client.get("/v1/activities")).json()
    assert [(each["kind"], each["subject"]) for each in activities] == [("item.created", "lamp")]


# {% endif %}
@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 101}, {"name": 7}])
async def test_a_bad_item_is_a_problem_that_names_the_field(
    client: AsyncClient, body: dict[str, object]
) -> None:
    response = await client.post("/v1/items", json=body)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["body.name"]


async def test_a_caller_is_known_by_the_token(client: AsyncClient, issuer: Issuer) -> None:
    assert (await client.get("/v1/caller")).status_code == 401
    answer = await client.get("/v1/caller", headers=issuer.authorize("ann", "b a"))
    assert answer.json() == {"subject": "ann", "scopes": ["a", "b"]}
