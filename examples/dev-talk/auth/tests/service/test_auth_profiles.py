"""Profiles, following, and roles."""

from urllib.parse import quote

import pytest
from httpx import AsyncClient

from app.commands.roles import give
from app.core.config import CoreSettings
from app.core.errors import NotFoundError
from app.domain.auth.roles import set_roles
from app.domain.contracts.users import LookUpUser, UserFollowed, UserUnfollowed
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.kit.events import ReadEmitted
from tests.kit.requests import Ask
from tests.service.auth_kit import bring, log_in, read_claims, read_id, register

NOT_FOUND = {"errors": {"profile": ["not found"]}}


async def test_a_profile_is_open_to_everybody(client: AsyncClient) -> None:
    await register(client)
    answer = await client.get("/api/profiles/ann")
    assert answer.json() == {
        "profile": {"username": "ann", "bio": None, "image": None, "following": False}
    }


async def test_an_unknown_profile_is_not_found(client: AsyncClient) -> None:
    ann = await register(client)
    for method, path in [
        ("GET", "/api/profiles/nobody"),
        ("GET", "/api/profiles/ANN"),
        ("GET", "/api/profiles/ann%20"),
        ("GET", "/api/profiles/%C3%A1nn"),
        ("GET", "/api/profiles/ann%E2%80%8B"),
        ("POST", "/api/profiles/nobody/follow"),
        ("DELETE", "/api/profiles/nobody/follow"),
    ]:
        answer = await client.request(method, path, headers=bring(ann))
        assert answer.status_code == 404, path
        assert answer.json() == NOT_FOUND


async def test_names_differ_by_anything_but_case(client: AsyncClient) -> None:
    names = ["ann", "\u00e1nn", "\u00e4nn", "an", "ann.", "ann-", "ann_"]
    for number, name in enumerate(names):
        await register(client, name, email=f"{number}@example.com")
    for name in names:
        answer = await client.get(f"/api/profiles/{quote(name)}")
        assert answer.json()["profile"]["username"] == name


async def test_following_twice_is_following_once(client: AsyncClient, emitted: ReadEmitted) -> None:
    ann, ben = await register(client), await register(client, "ben")
    for _ in range(2):
        answer = await client.post("/api/profiles/ann/follow", headers=bring(ben))
        assert answer.status_code == 200
        assert answer.json()["profile"]["following"] is True
    seen = await client.get("/api/profiles/ann", headers=bring(ben))
    assert seen.json()["profile"]["following"] is True
    events = await emitted(UserFollowed)
    assert [(event.user_id, event.followed_id, event.version) for event in events] == [
        (read_id(ben), read_id(ann), 2)
    ]


async def test_following_ends(client: AsyncClient, emitted: ReadEmitted) -> None:
    await register(client)
    ben = await register(client, "ben")
    await client.post("/api/profiles/ann/follow", headers=bring(ben))
    for _ in range(2):
        answer = await client.delete("/api/profiles/ann/follow", headers=bring(ben))
        assert answer.json()["profile"]["following"] is False
    assert [event.version for event in await emitted(UserUnfollowed)] == [3]


async def test_other_services_are_told_all_of_a_user(client: AsyncClient, ask: Ask) -> None:
    ann, ben = await register(client), await register(client, "ben")
    await client.post("/api/profiles/ann/follow", headers=bring(ben))
    by_id, by_name = (
        await ask(LookUpUser(user_id=read_id(ben))),
        await ask(LookUpUser(username="ben")),
    )
    assert by_id == by_name
    assert (by_id.version, by_id.username, by_id.following) == (2, "ben", [read_id(ann)])


async def test_other_services_hear_that_there_is_no_such_user(ask: Ask) -> None:
    with pytest.raises(NotFoundError, match="profile: not found"):
        await ask(LookUpUser(username="nobody"))


async def test_roles_are_given_by_those_who_may(client: AsyncClient, opened: Container) -> None:
    ann, ben = await register(client), await register(client, "ben")
    path, body = "/api/users/ben/roles", {"roles": ["moderator"]}
    refused = await client.put(path, json=body, headers=bring(ann))
    assert refused.status_code == 403
    assert refused.json() == {"errors": {"permission": ["forbidden"]}}
    async with opened[UnitOfWorkFactory]() as uow:
        await set_roles(uow, "ann", ["admin"])
    admin = await log_in(client)
    answer = await client.put(path, json=body, headers=bring(admin))
    assert answer.status_code == 200
    assert answer.json() == {"roles": ["moderator"]}
    assert (await client.get("/api/user", headers=bring(ben))).status_code == 401


async def test_the_first_admin_is_made_by_a_command(
    client: AsyncClient, core: CoreSettings
) -> None:
    await register(client)
    await give(core, "ann", ["admin"])
    assert read_claims(await log_in(client))["roles"] == ["admin"]


async def test_a_role_that_does_not_exist_is_refused(
    client: AsyncClient, opened: Container
) -> None:
    await register(client)
    async with opened[UnitOfWorkFactory]() as uow:
        await set_roles(uow, "ann", ["admin"])
    admin = await log_in(client)
    answer = await client.put(
        "/api/users/ann/roles", json={"roles": ["king"]}, headers=bring(admin)
    )
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["roles"]
