"""Rate limits of routes: by caller, else by address."""

from fastapi import FastAPI
from httpx import AsyncClient

from app.web.bearer import CurrentCaller
from app.web.rate_limits import limit_rate
from tests.kit.tokens import Issuer


async def test_a_client_that_asks_too_often_is_told_when_to_come_back(
    app: FastAPI, client: AsyncClient
) -> None:
    @app.get("/test/limited", dependencies=[limit_rate("limited", 2, per=3600)])
    async def answer() -> None:
        """Do nothing."""

    answers = [await client.get("/test/limited") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600


async def test_callers_do_not_use_up_each_others_share(
    app: FastAPI, client: AsyncClient, issuer: Issuer
) -> None:
    limit = limit_rate("limited", 1, per=3600)

    @app.get("/test/limited")
    async def answer(caller: CurrentCaller, _: None = limit) -> str:
        return caller.subject

    async def ask(subject: str) -> int:
        return (await client.get("/test/limited", headers=issuer.authorize(subject))).status_code

    assert [await ask("ann"), await ask("bob"), await ask("ann")] == [200, 200, 429]
