"""Items over HTTP, and what comes of them."""

from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from app.api.exceptions import problem, problems
# {% if cookiecutter.broker != "none" %}
from app.domain.events import ItemCreated, ItemRenamed
from tests.kit.clock import Clock
from tests.kit.events import ReadEmitted
from tests.kit.tokens import Issuer
# {% endif %}
# {% if cookiecutter.broker == "none" %}
from tests.kit.clock import Clock
from tests.kit.tokens import Issuer
# {% endif %}


async def create(client: AsyncClient, name: str, **headers: str) -> Response:
    return await client.post("/v1/items", json={"name": name}, headers=headers)


async def list_names(client: AsyncClient, **query: str | int) -> list[str]:
    response = await client.get("/v1/items", params=query)
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


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


async def test_an_item_has_one_address(client: AsyncClient) -> None:
    location = (await create(client, "lamp")).headers["location"]
    folder, _, item_id = location.rpartition("/")
    for other in (item_id.upper(), item_id.replace("-", ""), "{" + item_id + "}"):
        assert (await client.get(f"{folder}/{other}")).status_code == 422


async def test_an_unknown_item_is_a_problem(client: AsyncClient) -> None:
    unknown = uuid4()
    response = await client.get(f"/v1/items/{unknown}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "title": "Not Found",
        "status": 404,
        "detail": f"there is no item {unknown}",
    }


def test_a_status_of_others_is_an_error_too() -> None:
    assert b'"title":"Error"' in problem(499, "gone before the answer").body
    assert problems(499)[499]["description"] == "Error"


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


async def test_the_same_request_twice_creates_one_item(client: AsyncClient) -> None:
    first = await create(client, "lamp", **{"idempotency-key": "k1"})
    second = await create(client, "lamp", **{"idempotency-key": "k1"})
    assert second.json() == first.json()
    assert await list_names(client) == ["lamp"]


async def test_items_are_listed_newest_first_in_pages(client: AsyncClient, clock: Clock) -> None:
    for name in ("lamp", "chair", "table"):
        await create(client, name)
        clock.advance(1)
    first = (await client.get("/v1/items", params={"limit": 2})).json()
    assert [item["name"] for item in first["items"]] == ["table", "chair"]
    assert await list_names(client, limit=2, cursor=first["next"]) == ["lamp"]
    assert await list_names(client, limit=2, offset=2) == ["lamp"]


async def test_items_are_sorted_and_filtered(client: AsyncClient, clock: Clock) -> None:
    for name in ("lamp", "chair", "table"):
        await create(client, name)
        clock.advance(1)
    noon = clock.moment.isoformat()
    await create(client, "shelf")
    assert await list_names(client, sort="name") == ["chair", "lamp", "shelf", "table"]
    assert await list_names(client, name="chair") == ["chair"]
    assert await list_names(client, created_before=noon, sort="-name") == ["table", "lamp", "chair"]
    assert await list_names(client, created_after=noon) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "-1"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"limit": str(2**70)}, "query.limit"),
        ({"offset": "1001"}, "query.offset"),
        ({"offset": "1", "cursor": "WzFd"}, "query.offset"),
        ({"cursor": "nonsense"}, "query.cursor"),
        ({"cursor": "a\0b"}, "query.cursor"),
        ({"sort": "password"}, "query.sort"),
        ({"sort": "name; DROP TABLE items"}, "query.sort"),
        ({"name": "a\0b"}, "query.name"),
        ({"created_after": "yesterday"}, "query.created_after"),
        ({"created_after": "0001-01-01T00:00:00+14:00"}, "query.created_after"),
        ({"colour": "green"}, "query.colour"),
    ],
)
async def test_a_list_that_cannot_be_had_is_a_problem_that_names_the_parameter(
    client: AsyncClient, query: dict[str, str], field: str
) -> None:
    response = await client.get("/v1/items", params=query)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_a_cursor_of_another_order_is_a_problem(client: AsyncClient) -> None:
    await create(client, "lamp")
    await create(client, "chair")
    cursor = (await client.get("/v1/items", params={"limit": 1})).json()["next"]
    response = await client.get("/v1/items", params={"cursor": cursor, "sort": "name"})
    assert response.status_code == 422


async def test_an_item_that_the_client_has_is_not_sent_again(client: AsyncClient) -> None:
    created = await create(client, "lamp")
    headers = {"if-none-match": created.headers["etag"]}
    read = await client.get(created.headers["location"], headers=headers)
    assert (read.status_code, read.content) == (304, b"")


async def test_an_item_is_changed_by_who_knows_its_version(client: AsyncClient) -> None:
    created = await create(client, "lamp")
    place, headers = created.headers["location"], {"if-match": created.headers["etag"]}
    assert (await client.get(place)).json()["name"] == "lamp"
    changed = await client.put(place, json={"name": "green lamp"}, headers=headers)
    assert changed.status_code == 200
    read = await client.get(place)
    assert read.json() == changed.json()
    assert (read.json()["name"], read.headers["etag"]) == ("green lamp", changed.headers["etag"])


@pytest.mark.parametrize(("match", "status"), [('"7"', 412), ("x", 412), (None, 428)])
async def test_an_item_is_not_changed_by_who_does_not(
    client: AsyncClient, match: str | None, status: int
) -> None:
    place = (await create(client, "lamp")).headers["location"]
    headers = {"if-match": match} if match else {}
    refused = await client.put(place, json={"name": "green lamp"}, headers=headers)
    assert refused.status_code == status
    assert (await client.get(place)).json()["name"] == "lamp"


async def test_an_item_is_deleted_by_who_may(client: AsyncClient, issuer: Issuer) -> None:
    place = (await create(client, "lamp")).headers["location"]
    assert (await client.delete(place)).status_code == 401
    assert (await client.delete(place, headers=issuer.authorize())).status_code == 403
    deleted = await client.delete(place, headers=issuer.authorize(scope="items:delete"))
    assert deleted.status_code == 204
    assert (await client.get(place)).status_code == 404
# {% if cookiecutter.broker != "none" %}


async def test_a_renamed_item_is_told_to_others(client: AsyncClient, emitted: ReadEmitted) -> None:
    created = await create(client, "lamp")
    headers = {"if-match": created.headers["etag"]}
    await client.put(created.headers["location"], json={"name": "green lamp"}, headers=headers)
    assert [event.name for event in await emitted(ItemRenamed)] == ["green lamp"]
# {% endif %}
