"""Users: registering, logging in, and changing the own profile."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from starlette.types import Receive, Scope, Send

from app.domain.auth.passwords import Passwords
from app.domain.contracts.users import UserChanged, UserRegistered
from app.domain.settings import Settings
from app.resources import Resources
from app.utils.container import Container
from tests.kit.events import ReadEmitted
from tests.service.auth_kit import PASSWORD, bring, log_in, read_id, register

ANN = {"username": "ann", "email": "ann@example.com", "password": PASSWORD}


async def test_who_registers_is_logged_in_and_has_an_empty_profile(client: AsyncClient) -> None:
    ann = await register(client)
    assert {key: ann[key] for key in ("username", "email", "bio", "image")} == {
        "username": "ann",
        "email": "ann@example.com",
        "bio": None,
        "image": None,
    }
    answer = await client.get("/api/user", headers=bring(ann))
    assert answer.status_code == 200
    assert answer.json()["user"] == {
        key: value for key, value in ann.items() if key != "refreshToken"
    }


async def test_a_new_user_is_told_to_others(client: AsyncClient, emitted: ReadEmitted) -> None:
    await register(client)
    [event] = await emitted(UserRegistered)
    assert (event.username, event.bio, event.image, event.version) == ("ann", None, None, 1)


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"email": "other@example.com"}, "username"),
        ({"email": "other@example.com", "username": "ANN"}, "username"),
        ({"username": "other"}, "email"),
        ({"username": "other", "email": "ANN@example.com"}, "email"),
    ],
)
async def test_a_name_or_an_address_is_taken_once(
    client: AsyncClient, changed: dict[str, str], key: str
) -> None:
    await register(client)
    answer = await client.post("/api/users", json={"user": {**ANN, **changed}})
    assert answer.status_code == 409
    assert answer.json() == {"errors": {key: ["has already been taken"]}}


async def test_of_two_who_take_a_name_at_once_one_is_told_that_it_is_taken(
    client: AsyncClient,
) -> None:
    answers = await asyncio.gather(
        *(
            client.post("/api/users", json={"user": {**ANN, "email": f"{number}@example.com"}})
            for number in range(3)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"username": ""}, {"username": ["can't be blank"]}),
        ({"username": "  "}, {"username": ["can't be blank"]}),
        ({"username": None}, {"username": ["can't be blank"]}),
        (
            {"email": "", "password": ""},
            {"email": ["can't be blank"], "password": ["can't be blank"]},
        ),
        ({"email": "ann"}, {"email": ["is invalid"]}),
        *(
            ({"email": f"an{unseen}n@example.com"}, {"email": ["is invalid"]})
            for unseen in "\x01\x1b\x7f\x85\xad\u200b\u202e\u2028\u3000\ue000\ufeff\U000e0041"
        ),
        ({"email": "ann@exam\nple.com"}, {"email": ["is invalid"]}),
        ({"email": "ann@example.com\n"}, {"email": ["is invalid"]}),
        ({"password": "x"}, {"password": ["is too short (at least 8 characters)"]}),
        ({"username": "a" * 51}, {"username": ["is too long (at most 50 characters)"]}),
        (
            {"username": "a/b"},
            {"username": ["may hold letters, digits, points, hyphens and underscores only"]},
        ),
    ],
)
async def test_what_makes_no_user_is_refused_by_field(
    client: AsyncClient, changed: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    answer = await client.post("/api/users", json={"user": {**ANN, **changed}})
    assert answer.status_code == 422
    assert answer.json() == {"errors": errors}


@pytest.mark.parametrize(("body", "key"), [("{}", "user"), ("", "body"), ("{", "body")])
async def test_a_body_without_a_user_is_refused(client: AsyncClient, body: str, key: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post("/api/users", content=body, headers=headers)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [key]


async def test_what_a_front_end_sends_beside_it_is_ignored(client: AsyncClient) -> None:
    await register(client, token="", image="")


async def test_logging_in_takes_the_address_however_it_is_written(client: AsyncClient) -> None:
    await register(client)
    credentials = {"email": "Ann@Example.com", "password": PASSWORD}
    answer = await client.post("/api/users/login", json={"user": credentials})
    assert answer.status_code == 200
    assert answer.json()["user"]["username"] == "ann"


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_wrong_credentials_are_refused_in_the_same_words(
    client: AsyncClient, name: str
) -> None:
    await register(client)
    credentials = {"email": f"{name}@example.com", "password": "x"}
    answer = await client.post("/api/users/login", json={"user": credentials})
    assert answer.status_code == 401
    assert answer.json() == {"errors": {"credentials": ["invalid"]}}


async def test_a_password_is_tried_even_for_nobody(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(client)
    tried = []
    verify = Passwords._check

    def count(self: Passwords, kept: str | None, password: str) -> bool:
        tried.append(kept is not None)
        return verify(self, kept, password)

    monkeypatch.setattr(Passwords, "_check", count)
    for name in ("ann", "nobody"):
        credentials = {"email": f"{name}@example.com", "password": "wrong"}
        await client.post("/api/users/login", json={"user": credentials})
    assert tried == [True, False]


async def test_an_account_can_be_tried_ten_times_a_minute(client: AsyncClient) -> None:
    credentials = {"email": "ann@example.com", "password": "wrong"}
    answers = [await client.post("/api/users/login", json={"user": credentials}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert list(answers[-1].json()["errors"]) == ["request"]


async def test_wrong_logins_of_one_address_lock_nobody_else_out(
    client: AsyncClient, app: FastAPI, opened: Container
) -> None:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "state": {"opened": opened}, "client": ("192.0.2.1", 1)}
        await app(scope, receive, send)

    await register(client)
    wrong = {"email": "ann@example.com", "password": "wrong"}
    async with AsyncClient(transport=ASGITransport(app=serve), base_url="http://test") as other:
        for email in ("ann@example.com", "Ann@Example.com"):
            for _ in range(6):
                answer = await other.post(
                    "/api/users/login", json={"user": {**wrong, "email": email}}
                )
        assert answer.status_code == 429
        assert (await log_in(client))["username"] == "ann"
        others = await other.post("/api/users/login", json={"user": {**wrong, "email": "ben@x.y"}})
        assert others.status_code == 401


async def test_one_address_may_try_so_many_accounts(
    client: AsyncClient, opened: Container, settings: Settings
) -> None:
    opened.add(Settings, settings.model_copy(update={"address_attempts": 3}))
    wrong = {"password": "wrong"}
    answers = [
        await client.post("/api/users/login", json={"user": {**wrong, "email": f"{number}@x.y"}})
        for number in range(4)
    ]
    assert [answer.status_code for answer in answers] == [401] * 3 + [429]


async def test_a_user_is_changed_as_far_as_something_is_given(
    client: AsyncClient, emitted: ReadEmitted
) -> None:
    ann = await register(client)
    change = {"bio": "I write", "image": "https://example.com/ann.png"}
    await client.put("/api/user", json={"user": change}, headers=bring(ann))
    answer = await client.put("/api/user", json={"user": {"bio": ""}}, headers=bring(ann))
    assert answer.status_code == 200
    assert answer.json()["user"]["bio"] is None
    assert answer.json()["user"]["image"] == "https://example.com/ann.png"
    assert [(event.version, event.bio) for event in await emitted(UserChanged)] == [
        (2, "I write"),
        (3, None),
    ]


async def test_a_token_outlives_a_new_name(client: AsyncClient) -> None:
    ann = await register(client)
    renamed = await client.put("/api/user", json={"user": {"username": "anna"}}, headers=bring(ann))
    assert renamed.status_code == 200
    answer = await client.get("/api/user", headers=bring(ann))
    assert answer.json()["user"]["username"] == "anna"


async def test_nobody_takes_the_name_of_another(client: AsyncClient) -> None:
    await register(client)
    ben = await register(client, "ben")
    answer = await client.put("/api/user", json={"user": {"username": "ann"}}, headers=bring(ben))
    assert answer.status_code == 409
    assert answer.json() == {"errors": {"username": ["has already been taken"]}}


async def test_the_own_name_may_be_written_differently(client: AsyncClient) -> None:
    ann = await register(client)
    answer = await client.put("/api/user", json={"user": {"username": "Ann"}}, headers=bring(ann))
    assert answer.json()["user"]["username"] == "Ann"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({}, "user"),
        ({"username": None}, "username"),
        ({"email": ""}, "email"),
        ({"password": "x"}, "password"),
        ({"email": "an\x01n@example.com"}, "email"),
        ({"image": "https://example.com/\x1b.png"}, "image"),
        ({"password_hash": "x"}, "user"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    client: AsyncClient, change: dict[str, Any], key: str
) -> None:
    ann = await register(client)
    answer = await client.put("/api/user", json={"user": change}, headers=bring(ann))
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [key]


async def test_another_password_counts_from_then_on(client: AsyncClient) -> None:
    ann = await register(client)
    await client.put("/api/user", json={"user": {"password": "another one"}}, headers=bring(ann))
    assert (await log_in(client, password="another one"))["username"] == "ann"
    old = {"email": "ann@example.com", "password": PASSWORD}
    assert (await client.post("/api/users/login", json={"user": old})).status_code == 401


async def test_a_password_is_kept_by_the_settings_of_today(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(client)
    monkeypatch.setattr("app.domain.auth.passwords.Passwords.is_outdated", lambda *_: True)
    await log_in(client)
    monkeypatch.undo()
    assert (await log_in(client))["username"] == "ann"


async def test_what_a_user_has_changed_is_noted_for_other_services(
    client: AsyncClient, opened: Container
) -> None:
    ann = await register(client)
    await client.put("/api/user", json={"user": {"bio": "I write"}}, headers=bring(ann))
    assert await opened[Resources].store.read(f"version:auth:{read_id(ann)}") == ["2"]
