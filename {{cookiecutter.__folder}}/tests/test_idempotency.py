"""Idempotency keys: a request that comes twice has one effect and one answer."""

import asyncio
from urllib.parse import quote

import pytest
from fastapi import FastAPI, Request, Response
from httpx import AsyncClient
from httpx import Response as Answer

from app.web.bearer import CurrentCaller
from app.web.idempotency import Idempotent
from app.web.routing import Router
from tests.kit.tokens import Issuer

pytestmark = pytest.mark.usefixtures("plain_problems")


class Effects:
    """What the route did."""

    def __init__(self) -> None:
        self.count = 0
        self.failing = False


@pytest.fixture
def effects(app: FastAPI) -> Effects:
    effects = Effects()
    router = Router()

    @router.post("/test/payments/{number}", status_code=201, dependencies=[Idempotent])
    async def pay(number: int, request: Request, response: Response) -> dict[str, int]:
        await asyncio.sleep(0.01)
        effects.count += 1
        if effects.failing:
            raise RuntimeError("no luck")
        response.headers["Location"] = f"/test/payments/{number}"
        return {"number": number, "length": len(await request.body())}

    app.include_router(router)
    return effects


async def pay(client: AsyncClient, key: str | None, *, body: str = "{}", number: int = 1) -> Answer:
    headers = {"idempotency-key": key} if key is not None else {}
    return await client.post(f"/test/payments/{number}", content=body, headers=headers)


async def test_the_same_request_twice_is_answered_the_same(
    client: AsyncClient, effects: Effects
) -> None:
    first, second = await pay(client, "k1"), await pay(client, "k1")
    assert effects.count == 1
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"


async def test_without_a_key_every_request_counts(client: AsyncClient, effects: Effects) -> None:
    await pay(client, None)
    await pay(client, None)
    assert effects.count == 2


async def test_another_body_with_the_same_key_is_refused(
    client: AsyncClient, effects: Effects
) -> None:
    await pay(client, "k1")
    second = await pay(client, "k1", body='{"other": 1}')
    assert (second.status_code, effects.count) == (422, 1)


async def test_a_key_counts_for_one_route(client: AsyncClient, effects: Effects) -> None:
    await pay(client, "k1", number=1)
    assert (await pay(client, "k1", number=2)).status_code == 201
    assert effects.count == 2


async def test_a_key_counts_for_one_path_however_it_is_written(
    app: FastAPI, client: AsyncClient
) -> None:
    router, seen = Router(), []

    @router.post("/test/names/{name}", dependencies=[Idempotent])
    async def greet(name: str) -> str:
        seen.append(name)
        return name

    app.include_router(router)
    names = ["a?x", "a?y", "a", "a#x", "a\nb", "ab", "A", "a ", "\u00e1", "a\u0301"]
    for _ in range(2):
        for name in names:
            response = await client.post(
                f"/test/names/{quote(name)}", headers={"idempotency-key": "k1"}
            )
            assert response.json() == name
    assert seen == names


async def test_keys_are_told_apart_to_the_letter(client: AsyncClient, effects: Effects) -> None:
    for key in ("k1", "K1", "k1.", "k 1", "k  1"):
        assert (await pay(client, key)).status_code == 201
    assert effects.count == 5


async def test_of_many_at_once_one_has_an_effect(client: AsyncClient, effects: Effects) -> None:
    answers = await asyncio.gather(*(pay(client, "k1") for _ in range(5)))
    assert effects.count == 1
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert {answer.headers.get("retry-after") for answer in answers} == {None, "1"}
    assert (await pay(client, "k1")).status_code == 201
    assert effects.count == 1


async def test_a_failure_is_not_kept(client: AsyncClient, effects: Effects) -> None:
    effects.failing = True
    assert (await pay(client, "k1")).status_code == 500
    effects.failing = False
    assert (await pay(client, "k1")).status_code == 201
    assert effects.count == 2


class TestCallers:
    """A key is one caller's, wherever the route asks who that is."""

    @pytest.fixture(autouse=True)
    def route(self, app: FastAPI) -> None:
        router = Router()

        @router.post("/test/greetings", dependencies=[Idempotent])
        async def greet(caller: CurrentCaller) -> str:
            return f"hello {caller.subject}"

        app.include_router(router)

    async def test_nobody_gets_what_was_answered_to_another(
        self, client: AsyncClient, issuer: Issuer
    ) -> None:
        key = {"idempotency-key": "k1"}
        for name in ("ann", "bob"):
            headers = {**key, **issuer.authorize(name)}
            assert (await client.post("/test/greetings", headers=headers)).json() == f"hello {name}"
        assert (await client.post("/test/greetings", headers=key)).status_code == 401
