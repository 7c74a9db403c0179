"""Passwords take their time: so many may wait for theirs, and more are told to come back."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from httpx import AsyncClient

from app.core.errors import UnavailableError
from app.domain.auth.passwords import Passwords
from app.domain.settings import Settings
from tests.service.auth_kit import log_in, register

# No other test has as many, so that the places are this one's.
PLACES = 3
BUSY = {"errors": {"service": ["too many passwords are being tried, try again later"]}}


@pytest.fixture
def settings(clean_environment: None) -> Settings:
    del clean_environment
    return Settings(password_queue=PLACES, password_memory_kib=8, password_rounds=1)


@pytest.fixture
def passwords(settings: Settings) -> Passwords:
    return Passwords(settings)


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until this is set, no password is tried to its end."""
    released = threading.Event()
    check = Passwords._check

    def wait(self: Passwords, kept: str | None, password: str) -> bool:
        released.wait(30)
        return check(self, kept, password)

    monkeypatch.setattr(Passwords, "_check", wait)
    yield released
    released.set()


async def test_as_many_as_there_are_places_may_wait(
    passwords: Passwords, released: threading.Event
) -> None:
    kept = await passwords.hash("correct horse")
    waiting = [asyncio.create_task(passwords.check(kept, "correct horse")) for _ in range(PLACES)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError, match="too many passwords"):
        await passwords.check(kept, "correct horse")
    with pytest.raises(UnavailableError, match="too many passwords"):
        await passwords.hash("correct horse")
    released.set()
    assert await asyncio.gather(*waiting) == [True] * PLACES
    assert await passwords.check(kept, "correct horse")


async def test_whoever_goes_away_gives_back_the_place(
    passwords: Passwords, released: threading.Event
) -> None:
    for _ in range(2):
        waiting = [asyncio.create_task(passwords.check(None, "x")) for _ in range(PLACES)]
        await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        # Those that a thread has begun with are done first.
        released.set()
        await wait_for_places(passwords)


async def wait_for_places(passwords: Passwords) -> None:
    """Wait until all places are free."""
    async with asyncio.timeout(30):
        while True:
            checks = (passwords.check(None, "x") for _ in range(PLACES))
            found = await asyncio.gather(*checks, return_exceptions=True)
            if not any(isinstance(each, UnavailableError) for each in found):
                return
            await asyncio.sleep(0.01)


async def test_a_login_beyond_the_places_is_told_to_come_back(
    client: AsyncClient, released: threading.Event
) -> None:
    await register(client)
    credentials = {"email": "ann@example.com", "password": "wrong"}
    logins = [
        asyncio.create_task(client.post("/api/users/login", json={"user": credentials}))
        for _ in range(PLACES + 1)
    ]
    [first], _ = await asyncio.wait(logins, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    refused = first.result()
    assert (refused.status_code, refused.json()) == (503, BUSY)
    assert int(refused.headers["retry-after"]) > 0
    user = {"username": "ben", "email": "ben@example.com", "password": "correct horse"}
    assert (await client.post("/api/users", json={"user": user})).status_code == 503
    released.set()
    answers = await asyncio.gather(*logins)
    assert sorted(answer.status_code for answer in answers) == [401] * PLACES + [503]
    assert (await log_in(client))["username"] == "ann"
    assert (await client.get("/api/profiles/ben")).status_code == 404
