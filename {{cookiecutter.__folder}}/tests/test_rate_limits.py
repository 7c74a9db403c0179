"""Rate limits of routes: by caller, else by address."""

import re

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import Response
from httpx import ASGITransport, AsyncClient
from starlette.types import Receive, Scope, Send

# {% if cookiecutter.database != "none" %}
from app.core.errors import TransactionConflictError
# {% endif %}
from app.utils.container import Container
from app.web.bearer import CurrentCaller
from app.web.rate_limits import limit_rate
# {% if cookiecutter.database != "none" %}
from app.web.routing import Router
# {% endif %}
from tests.kit.tokens import Issuer
from tests.stream_client import Client


async def test_a_client_that_asks_too_often_is_told_when_to_come_back(
    app: FastAPI, client: AsyncClient
) -> None:
    @app.get("/test/limited", dependencies=[limit_rate("limited", 2, per=3600)])
    async def answer() -> None:
        """Do nothing."""

    answers = [await client.get("/test/limited") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600


async def test_a_websocket_is_limited_too(app: FastAPI, opened: Container) -> None:
    @app.websocket("/test/limited", dependencies=[limit_rate("limited", 1, per=3600)])
    async def answer(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    first, *_ = await Client(app, "/test/limited", "websocket", opened=opened).end()
    second, *_ = await Client(app, "/test/limited", "websocket", opened=opened).end()
    assert (first["type"], second["status"]) == ("websocket.accept", 429)
    assert b"ratelimit" in dict(first["headers"])


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


async def test_each_answer_says_what_is_left_whatever_it_is(
    app: FastAPI, client: AsyncClient
) -> None:
    limits = [limit_rate("by_hour", 2, per=3600), limit_rate("by_day", 9, per=86_400)]

    @app.get("/test/limited", dependencies=limits)
    async def answer(number: int) -> Response:
        return Response(status_code=200 + number)

    paths = [f"/test/limited?number={number}" for number in ("1", "no", "1")]
    answers = [await client.get(path) for path in paths]
    assert [each.status_code for each in answers] == [201, 422, 429]
    first, invalid, refused = (each.headers for each in answers)
    assert first["ratelimit-policy"] == '"by_hour";q=2;w=3600, "by_day";q=9;w=86400'
    left = r'"by_hour";r=(\d);t=(\d+), "by_day";r=8;t=\d+'
    found = re.fullmatch(left, first["ratelimit"])
    assert found
    assert (found[1], 0 < int(found[2]) <= 3600) == ("1", True)
    assert invalid["ratelimit"].startswith('"by_hour";r=0;t=')
    assert refused["ratelimit"] == f'"by_hour";r=0;t={refused["retry-after"]}'


# {% if cookiecutter.database != "none" %}
async def test_a_request_counts_once_however_often_it_is_attempted(
    app: FastAPI, client: AsyncClient
) -> None:
    router, attempts = Router(), list[None]()

    @router.post("/test/limited", dependencies=[limit_rate("limited", 2, per=3600)])
    async def answer() -> None:
        attempts.append(None)
        if len(attempts) < 3:
            raise TransactionConflictError("another one was first")

    app.include_router(router)
    answers = [await client.post("/test/limited") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    left = [each.headers["ratelimit"].partition(";t=")[0] for each in answers]
    assert left == ['"limited";r=1', '"limited";r=0', '"limited";r=0']


# {% endif %}
def test_a_name_that_no_header_can_hold_is_refused() -> None:
    for name in ("", 'a"b', "a\\b", "ä", "a\nb"):
        with pytest.raises(ValueError, match="a rate limit's name"):
            limit_rate(name, 1, per=1)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", True),
        ("2001:db8:1:2::1", "2001:DB8:1:2:0:0:0:9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("a socket", "a socket", True),
        ("a socket", "another", False),
    ],
)
async def test_a_network_is_one_client(
    app: FastAPI, opened: Container, first: str, second: str, *, same: bool
) -> None:
    @app.get("/test/limited", dependencies=[limit_rate("limited", 1, per=3600)])
    async def answer() -> None:
        """Do nothing."""

    async def ask(address: str) -> int:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": {"opened": opened}}, receive, send)

        transport = ASGITransport(app=serve, client=(address, 1))
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get("/test/limited")).status_code

    assert [await ask(first), await ask(second)] == [200, 429 if same else 200]
