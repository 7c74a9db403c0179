"""The keys of an issuer: fetched seldom, and kept while it is away, for a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import jwt
import pytest

from app.core.errors import UnavailableError
from app.core.http_config import AuthSettings
from app.services import issuer_keys
from app.services.issuer_keys import FRESH_SECONDS, STALE_SECONDS, IssuerKeys
from app.services.tokens import TokenVerifier
from tests.issuer_kit import Published, Time
from tests.kit.tokens import Issuer

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(issuer_keys, "time", clock)
    return clock


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    published = Published()
    monkeypatch.setattr(jwt.PyJWKClient, "get_signing_keys", lambda _, **__: published.fetch())
    yield published
    published.may_answer.set()


@pytest.fixture
async def keys(clock: Time, published: Published) -> AsyncIterator[IssuerKeys]:
    """Keys that were fetched once."""
    keys = IssuerKeys(NOWHERE)
    assert await keys.find("known")
    assert (published.asked, clock.now) == (1, 10_000)
    yield keys
    published.may_answer.set()


async def test_known_keys_are_fetched_once(keys: IssuerKeys, published: Published) -> None:
    assert all([await keys.find("known") for _ in range(5)])
    assert published.asked == 1


async def test_an_unknown_name_asks_the_issuer_once_in_a_while(
    keys: IssuerKeys, published: Published, clock: Time
) -> None:
    assert await keys.find("new") is None
    assert published.asked == 1
    clock.now += issuer_keys.PAUSE_SECONDS
    published.names.append("new")
    assert await keys.find("new")
    assert [await keys.find(f"other {number}") for number in range(5)] == [None] * 5
    assert published.asked == 2


async def test_an_unknown_name_during_an_outage_fails_alone(
    keys: IssuerKeys, published: Published, clock: Time
) -> None:
    clock.now += issuer_keys.PAUSE_SECONDS
    published.error = ConnectionResetError()
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await keys.find("unknown")
        assert await keys.find("known")
    assert published.asked == 2


async def test_old_keys_serve_on_during_an_outage_until_they_are_too_old(
    keys: IssuerKeys, published: Published, clock: Time
) -> None:
    published.error = TimeoutError()
    clock.now += FRESH_SECONDS
    assert await keys.find("known")
    clock.now += STALE_SECONDS - FRESH_SECONDS - 1
    assert await keys.find("known")
    clock.now += issuer_keys.FAILURE_PAUSE_SECONDS
    with pytest.raises(UnavailableError):
        await keys.find("known")


async def test_a_key_that_is_withdrawn_counts_no_more_once_that_is_known(
    keys: IssuerKeys, published: Published, clock: Time
) -> None:
    published.names = ["another"]
    clock.now += FRESH_SECONDS
    assert await keys.find("known") is None
    assert await keys.find("another")


async def test_a_silent_issuer_holds_up_no_token_whose_key_is_known(
    keys: IssuerKeys, published: Published, clock: Time
) -> None:
    published.error = TimeoutError()
    clock.now += FRESH_SECONDS
    assert await keys.find("known")
    clock.now += issuer_keys.FAILURE_PAUSE_SECONDS
    published.may_answer.clear()
    async with asyncio.timeout(4):
        assert await keys.find("known"), "while the issuer is asked"
    assert published.error


async def test_many_who_ask_at_once_cost_one_question_and_one_who_leaves_ends_it_for_nobody(
    clock: Time, published: Published
) -> None:
    keys = IssuerKeys(NOWHERE)
    published.may_answer.clear()
    asking = [asyncio.create_task(keys.find("known")) for _ in range(10)]
    await asyncio.sleep(0)
    asking[0].cancel()
    published.may_answer.set()
    assert all(await asyncio.gather(*asking[1:]))
    assert (published.asked, clock.now) == (1, 10_000)


async def test_an_outage_is_logged_once_and_its_end_too(
    keys: IssuerKeys, published: Published, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=issuer_keys.__name__)
    refused = ConnectionRefusedError("refused")
    for published.error in (refused, refused, None, None):
        clock.now += FRESH_SECONDS
        assert await keys.find("known")
        await asyncio.gather(*(task for task in [keys._fetching] if task))
    assert caplog.messages == [
        "the issuer of tokens does not answer with keys",
        "the issuer of tokens answers again",
    ]


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"keys": []}', b'{"keys": 7}', b'{"keys": [7]}', b"\xff"]
)
async def test_an_answer_without_a_key_is_a_fault_of_the_issuer(
    running_issuer: Issuer, answer: bytes
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(UnavailableError):
            await TokenVerifier(AuthSettings(jwks_url=url)).verify(running_issuer.issue())
