"""Bearer tokens: who calls is known, or nobody gets further."""

import asyncio
import time
from typing import Any

import jwt
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.config import CoreSettings
from app.core.http_config import AuthSettings
from app.services.tokens import TokenVerifier
from app.utils.container import Container
from app.web.bearer import CurrentCaller, require_scope
from tests.kit.http import open_nothing
from tests.kit.tokens import Issuer

# In this order: the application is made with the problems.
pytestmark = pytest.mark.usefixtures("plain_problems", "routes")


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.fixture
def routes(app: FastAPI) -> None:
    @app.get("/test/me")
    async def get_me(caller: CurrentCaller) -> str:
        return caller.subject

    @app.get("/test/secret", dependencies=[require_scope("secrets:read")])
    async def get_secret() -> str:
        return "hunter2"


async def test_a_good_token_says_who_calls(client: AsyncClient, issuer: Issuer) -> None:
    response = await client.get("/test/me", headers=issuer.authorize("ann"))
    assert (response.status_code, response.json()) == (200, "ann")


async def test_without_a_token_nobody_gets_further(client: AsyncClient, issuer: Issuer) -> None:
    response = await client.get("/test/me")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert issuer.settings.issuer is not None


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": time.time() - 60},
        {"exp": None},
        {"exp": "soon"},
        {"iss": "https://somebody.else"},
        {"aud": "others"},
        {"sub": None},
        {"sub": 7},
        {"nbf": time.time() + 600},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_a_token_that_is_not_for_us_is_refused(
    client: AsyncClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    token = issuer.issue(**claims)
    response = await client.get("/test/me", headers={"authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer a.b.c", "Basic YTpi", "x", ""])
async def test_a_header_that_is_no_token_is_refused(
    client: AsyncClient, issuer: Issuer, header: str
) -> None:
    response = await client.get("/test/me", headers={"authorization": header})
    assert response.status_code == 401
    assert issuer.settings.issuer is not None


async def test_a_token_signed_with_a_shared_secret_or_nothing_is_refused(
    client: AsyncClient, issuer: Issuer
) -> None:
    claims = jwt.decode(issuer.issue(), options={"verify_signature": False})
    for key, algorithm in (("x" * 32, "HS256"), ("", "none")):
        token = jwt.encode(claims, key, algorithm, headers={"kid": "test"})
        response = await client.get("/test/me", headers={"authorization": f"Bearer {token}"})
        assert response.status_code == 401


async def test_a_scope_that_the_token_lacks_is_forbidden(
    client: AsyncClient, issuer: Issuer
) -> None:
    refused = await client.get("/test/secret", headers=issuer.authorize(scope="secrets"))
    assert refused.status_code == 403
    assert "insufficient_scope" in refused.headers["www-authenticate"]
    taken = await client.get("/test/secret", headers=issuer.authorize(scope="a secrets:read"))
    assert taken.status_code == 200


async def test_without_an_issuer_every_token_is_refused(client: AsyncClient) -> None:
    response = await client.get("/test/me", headers={"authorization": "Bearer a.b.c"})
    assert response.status_code == 401
    assert "AUTH_JWKS_URL" in response.json()["detail"]


async def test_an_issuer_that_does_not_answer_is_no_fault_of_the_caller(
    client: AsyncClient, issuer: Issuer, opened: Container
) -> None:
    nowhere = AuthSettings(jwks_url="http://127.0.0.1:1")
    opened.add(TokenVerifier, TokenVerifier(nowhere))
    response = await client.get("/test/me", headers=issuer.authorize())
    assert response.status_code == 503


async def test_an_issuer_that_hangs_holds_up_nobody_for_long(
    client: AsyncClient, issuer: Issuer, opened: Container
) -> None:
    connections = 0

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await asyncio.sleep(0.1)
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = AuthSettings(jwks_url=f"http://127.0.0.1:{port}")
    opened.add(TokenVerifier, TokenVerifier(settings))
    headers = issuer.authorize()
    answers = await asyncio.gather(*(client.get("/test/me", headers=headers) for _ in range(5)))
    server.close()
    assert [answer.status_code for answer in answers] == [503] * 5
    assert connections == 1
