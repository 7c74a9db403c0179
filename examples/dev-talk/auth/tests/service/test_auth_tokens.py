"""Access tokens: what is taken for one, and the keys that they are signed with."""

import asyncio

import jwt
import pytest
from httpx import AsyncClient

from app.core.errors import UnavailableError
from app.domain.auth.keys import Keyring, rotate_keys
from app.domain.settings import Settings
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.kit.clock import Clock
from tests.service.auth_kit import bring, read_claims, register


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token"])
async def test_a_token_comes_by_either_scheme(client: AsyncClient, scheme: str) -> None:
    ann = await register(client)
    answer = await client.get("/api/user", headers=bring(ann, scheme))
    assert answer.status_code == 200


async def test_a_missing_token_comes_before_everything_else(client: AsyncClient) -> None:
    for method, path in [
        ("GET", "/api/user"),
        ("PUT", "/api/user"),
        ("POST", "/api/profiles/nobody/follow"),
        ("DELETE", "/api/user/sessions"),
        ("PUT", "/api/users/nobody/roles"),
    ]:
        headers = {"content-type": "application/json"}
        answer = await client.request(method, path, content="{", headers=headers)
        assert answer.status_code == 401, path
        assert answer.json() == {"errors": {"token": ["is missing"]}}


@pytest.mark.parametrize(
    "header",
    [
        "Token",
        "Token ",
        "Token x",
        "Token x.y.z",
        "Bearer e30.e30.",
        "Basic YW5uOmFubg==",
        "Token eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "Token \xe4.\xf6.\xfc",
    ],
)
async def test_what_is_no_token_is_refused(client: AsyncClient, header: str) -> None:
    headers = {b"authorization": header.encode("latin-1")}
    for path in ("/api/user", "/api/profiles/ann"):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"errors": {"token": ["is invalid"]}}


async def test_a_token_that_was_changed_is_refused(client: AsyncClient) -> None:
    ann = await register(client)
    head, body, signature = ann["token"].split(".")
    claims = read_claims(ann)
    other = jwt.encode({**claims, "roles": ["admin"]}, "x" * 32, "HS256").split(".")[1]
    headers = {"authorization": f"Token {head}.{other}.{signature}"}
    assert body != other
    assert (await client.get("/api/user", headers=headers)).status_code == 401


async def test_a_token_holds_ids_and_roles_and_no_name(client: AsyncClient) -> None:
    ann = await register(client)
    claims = read_claims(ann)
    assert set(claims) == {"iss", "aud", "sub", "sid", "roles", "iat", "exp"}
    assert claims["sub"].isdigit()
    assert claims["roles"] == []


async def test_others_can_check_a_token_with_the_public_keys(client: AsyncClient) -> None:
    ann = await register(client)
    document = (await client.get("/.well-known/jwks.json")).json()
    keys = jwt.PyJWKSet.from_dict(document)
    key = keys[jwt.get_unverified_header(ann["token"])["kid"]]
    claims = jwt.decode(ann["token"], key, ["EdDSA"], audience="dev-talk", issuer="dev-talk")
    assert claims == read_claims(ann)
    assert all("d" not in each for each in document["keys"])


async def test_a_token_in_its_second_half_is_replaced(client: AsyncClient, clock: Clock) -> None:
    ann = await register(client)
    clock.advance(31 * 60)
    answer = await client.get("/api/user", headers=bring(ann))
    first, second = read_claims(ann), read_claims(answer.json()["user"])
    assert second["exp"] > first["exp"]
    assert second["sid"] == first["sid"]


async def test_replicas_that_start_together_sign_with_the_same_key(
    opened: Container, settings: Settings
) -> None:
    replicas = [Keyring(opened[UnitOfWorkFactory], settings) for _ in range(3)]
    tokens = await asyncio.gather(*(each.sign({"sub": "1"}) for each in replicas))
    assert {jwt.get_unverified_header(token)["kid"] for token in tokens} == {"first"}


async def test_known_keys_count_on_while_the_database_is_away(
    client: AsyncClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise UnavailableError("the database does not answer")

    keys = (await client.get("/.well-known/jwks.json")).json()
    monkeypatch.setattr("app.domain.auth.keys.read_keys", fail)
    clock.advance(61)
    assert (await client.get("/.well-known/jwks.json")).json() == keys


async def test_a_new_key_is_published_before_it_signs_and_the_old_one_goes_last(
    client: AsyncClient, opened: Container, settings: Settings, clock: Clock
) -> None:
    async def rotate() -> None:
        async with opened[UnitOfWorkFactory]() as uow:
            await rotate_keys(uow, settings)

    async def list_keys() -> list[str]:
        document = (await client.get("/.well-known/jwks.json")).json()
        return [each["kid"] for each in document["keys"]]

    def name_key(token: str) -> str:
        return str(jwt.get_unverified_header(token)["kid"])

    [old] = {name_key((await register(client, name))["token"]) for name in ("ann", "ben")}
    clock.advance(settings.signing_key_days * 24 * 3600)
    await rotate()
    clock.advance(61)
    first, new = await list_keys()
    assert first == old
    assert name_key((await register(client, "cat"))["token"]) == old
    clock.advance(240)
    dan = await register(client, "dan")
    assert name_key(dan["token"]) == new
    clock.advance(settings.access_minutes * 60 + 120)
    await rotate()
    clock.advance(61)
    assert await list_keys() == [new]
