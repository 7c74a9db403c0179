"""Outages: what does not answer is waited for, and asked now and then by one for all."""

import asyncio

import pytest

from app.core.errors import UnavailableError
from app.services import outage
from app.services.outage import Outage, is_outage
from app.utils.broker_errors import (
    BrokerUnavailableError,
    MessageRefusedError,
    PublishError,
    UnroutableError,
)


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "FIRST_DELAY_SECONDS", 0.001)


async def test_while_one_asks_again_the_others_wait() -> None:
    waiting, calls = Outage("test"), []

    async def work(name: str) -> str:
        calls.append(name)
        if len(calls) < 4:
            raise UnavailableError("no answer")
        return name

    first = asyncio.create_task(waiting.outlast(lambda: work("first")))
    await asyncio.sleep(0)
    assert await waiting.outlast(lambda: work("second")) == "second"
    assert await first == "first"
    assert calls == ["first"] * 4 + ["second"]


async def test_whoever_stops_asking_leaves_it_to_the_next() -> None:
    waiting, answers = Outage("test"), asyncio.Event()

    async def work() -> None:
        if not answers.is_set():
            raise UnavailableError("no answer")

    first = asyncio.create_task(waiting.outlast(work))
    await asyncio.sleep(0)
    second = asyncio.create_task(waiting.outlast(work))
    first.cancel()
    answers.set()
    async with asyncio.timeout(5):
        await second


async def test_another_error_ends_the_outage_and_is_raised() -> None:
    waiting, errors = Outage("test"), [UnavailableError("no answer"), ValueError("a bug")]

    async def work() -> None:
        raise errors.pop(0)

    with pytest.raises(ValueError, match="a bug"):
        await waiting.outlast(work)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnavailableError("gone"), True),
        (BrokerUnavailableError("gone"), True),
        (PublishError("not confirmed"), True),
        (UnroutableError("nobody"), False),
        (MessageRefusedError("too large"), False),
        (RuntimeError("a bug"), False),
    ],
)
def test_what_will_not_pass_by_itself_is_no_outage(error: Exception, expected: bool) -> None:
    assert is_outage(error) is expected
