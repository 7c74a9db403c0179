"""What is refused of what clients send about comments."""

import pytest
from httpx import AsyncClient

from tests.service.people_kit import Headers
from tests.service.test_comments import PLACE, dragons

__all__ = ["dragons"]


@pytest.mark.parametrize("body", ["", "  ", None, "x" * 10_001, "a\0b", 7])
@pytest.mark.usefixtures("dragons")
async def test_a_comment_that_says_nothing_or_too_much_is_refused(
    client: AsyncClient, ann: Headers, body: object
) -> None:
    refused = await client.post(PLACE, json={"comment": {"body": body}}, headers=ann)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["body"])


@pytest.mark.parametrize(
    "number", ["x", "0", "-1", str(2**70), "01", "+1", "1_0", "1.0", "%201", "%D9%A1"]
)
@pytest.mark.usefixtures("dragons")
async def test_an_id_that_is_none_is_refused(
    client: AsyncClient, ann: Headers, number: str
) -> None:
    refused = await client.delete(f"{PLACE}/{number}", headers=ann)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["id"])


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PUT", "/1"), ("DELETE", "/x")])
async def test_without_a_token_nothing_else_is_looked_at(
    client: AsyncClient, method: str, path: str
) -> None:
    content = None if method == "DELETE" else b"{no json"
    refused = await client.request(method, PLACE + path, content=content)
    assert (refused.status_code, refused.json()) == (401, {"errors": {"token": ["is missing"]}})
