"""Sessions: refreshing, and logging out here and everywhere."""

from typing import Any

from httpx import AsyncClient, Response

from app.core.errors import UnavailableError
from app.domain.auth.sessions import OVERLAP_SECONDS
from app.domain.contracts.sessions import SessionRevoked
from app.resources import Resources
from app.utils.container import Container
from tests.kit.clock import Clock
from tests.kit.events import DeliverEvent, ReadEmitted
from tests.service.auth_kit import bring, log_in, read_id, register

REVOKED = {"errors": {"token": ["is revoked"]}}
ENDED = {"errors": {"refreshToken": ["is invalid"]}}


async def refresh(client: AsyncClient, user: dict[str, Any]) -> Response:
    body = {"refreshToken": user["refreshToken"]}
    return await client.post("/api/users/refresh", json=body)


async def count(client: AsyncClient, *users: dict[str, Any]) -> list[int]:
    return [(await client.get("/api/user", headers=bring(user))).status_code for user in users]


async def test_a_refresh_token_gets_other_tokens(client: AsyncClient) -> None:
    ann = await register(client)
    answer = await refresh(client, ann)
    assert answer.status_code == 200
    following = answer.json()["user"]
    assert following["refreshToken"] != ann["refreshToken"]
    assert await count(client, following) == [200]
    assert (await refresh(client, following)).status_code == 200


async def test_a_refresh_token_that_comes_again_ends_the_session(
    client: AsyncClient, clock: Clock
) -> None:
    ann = await register(client)
    following = (await refresh(client, ann)).json()["user"]
    clock.advance(OVERLAP_SECONDS + 1)
    again = await refresh(client, ann)
    assert again.status_code == 401
    assert again.json() == ENDED
    assert (await refresh(client, following)).status_code == 401
    assert await count(client, following) == [401]


async def test_a_second_tab_gets_the_same_refresh_token(client: AsyncClient) -> None:
    ann = await register(client)
    first, second = [(await refresh(client, ann)).json()["user"] for _ in range(2)]
    assert first["refreshToken"] == second["refreshToken"]


async def test_a_refresh_token_that_was_made_up_is_refused(client: AsyncClient) -> None:
    ann = await register(client)
    session, number, signature = ann["refreshToken"].split(".")
    for token in (
        "x",
        "x.1.y",
        f"{session}.2.{signature}",
        f"{session}.{number}.\xe4",
        f"{session}.{'9' * 5000}.{signature}",
        f"{session}.\u0663.{signature}",
    ):
        answer = await client.post("/api/users/refresh", json={"refreshToken": token})
        assert answer.status_code == 401
        assert answer.json() == ENDED
    assert (await refresh(client, ann)).status_code == 200


async def test_a_refresh_token_has_one_name(client: AsyncClient) -> None:
    ann = await register(client)
    body = {"refresh_token": ann["refreshToken"]}
    answer = await client.post("/api/users/refresh", json=body)
    assert answer.status_code == 422
    assert answer.json() == {"errors": {"refreshToken": ["can't be blank"]}}


async def test_a_session_that_nobody_refreshes_ends(client: AsyncClient, clock: Clock) -> None:
    ann = await register(client)
    clock.advance(31 * 24 * 3600)
    assert (await refresh(client, ann)).status_code == 401


async def test_logging_out_here_leaves_other_sessions(
    client: AsyncClient, emitted: ReadEmitted
) -> None:
    ann, elsewhere = await register(client), await log_in(client)
    answer = await client.delete("/api/user/session", headers=bring(ann))
    assert answer.status_code == 204
    assert await count(client, ann, elsewhere) == [401, 200]
    assert (await refresh(client, ann)).status_code == 401
    assert (await client.get("/api/user", headers=bring(ann))).json() == REVOKED
    [event] = await emitted(SessionRevoked)
    assert event.user_id == read_id(ann)


async def test_logging_out_everywhere_ends_all_sessions(
    client: AsyncClient, emitted: ReadEmitted
) -> None:
    ann, elsewhere = await register(client), await log_in(client)
    ben = await register(client, "ben")
    await client.delete("/api/user/sessions", headers=bring(ann))
    assert await count(client, ann, elsewhere, ben) == [401, 401, 200]
    assert len(await emitted(SessionRevoked)) == 2
    assert await count(client, await log_in(client)) == [200]


async def test_another_password_ends_all_other_sessions(client: AsyncClient) -> None:
    ann, elsewhere = await register(client), await log_in(client)
    change = {"user": {"password": "another one"}}
    await client.put("/api/user", json=change, headers=bring(ann))
    assert await count(client, ann, elsewhere) == [200, 401]


async def test_who_cannot_be_logged_in_is_not_registered(
    client: AsyncClient, opened: Container, monkeypatch: Any
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise UnavailableError("the store of sessions does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(type(opened[Resources].store), "write", fail)
        user = {"username": "ann", "email": "ann@example.com", "password": "correct horse"}
        answer = await client.post("/api/users", json={"user": user})
        assert answer.status_code == 503
        assert list(answer.json()["errors"]) == ["service"]
    await register(client)


async def test_a_session_ends_later_where_the_store_does_not_answer_now(
    client: AsyncClient,
    opened: Container,
    emitted: ReadEmitted,
    deliver: DeliverEvent,
    monkeypatch: Any,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise UnavailableError("the store of sessions does not answer")

    ann = await register(client)
    with monkeypatch.context() as patch:
        patch.setattr(type(opened[Resources].store), "write", fail)
        assert (await client.delete("/api/user/session", headers=bring(ann))).status_code == 204
    [event] = await emitted(SessionRevoked)
    await deliver(event, times=2)
    assert await count(client, ann) == [401]
