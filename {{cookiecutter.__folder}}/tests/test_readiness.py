"""Readiness: who asks, how often, and what is said when a dependency falls silent."""

import asyncio
import logging

import pytest
from prometheus_client import REGISTRY

from app.core import health
from app.core.drain import Drain, begin_drain
from app.core.errors import StartupError
from app.core.health import Health, ask
from app.utils.container import Container


class Flaky:
    """A dependency that answers when it is told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.answers = True
        self.asked = 0
        self.error: Exception = ConnectionError("gone")

    async def ping(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.answers:
            raise self.error


@pytest.fixture
def flaky() -> Flaky:
    return Flaky()


@pytest.fixture
def checks(flaky: Flaky) -> Health:
    """The health of a process with one dependency."""
    opened = Container()
    opened.add(Flaky, flaky)
    return Health(opened)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask each time anew."""
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)


async def test_many_who_ask_at_once_cost_one_question(checks: Health, flaky: Flaky) -> None:
    reports = await asyncio.gather(*(checks.check() for _ in range(100)))
    assert all(report.is_ready for report in reports)
    assert flaky.asked == 1


async def test_an_answer_of_a_moment_ago_is_given_again(checks: Health, flaky: Flaky) -> None:
    await checks.check()
    await checks.check()
    assert flaky.asked == 1


async def test_a_process_is_ready_without_what_it_is_spared(flaky: Flaky) -> None:
    opened = Container()
    opened.add(Flaky, flaky)
    opened.spare(Flaky)
    flaky.answers = False
    report = await Health(opened).check()
    assert report.is_ready
    assert report.answers == {"Flaky": "failing"}


@pytest.mark.usefixtures("always")
async def test_an_old_answer_is_not_given(checks: Health, flaky: Flaky) -> None:
    await checks.check()
    flaky.answers = False
    assert not (await checks.check()).is_ready


async def test_one_who_gives_up_takes_the_answer_from_nobody(checks: Health, flaky: Flaky) -> None:
    impatient = asyncio.create_task(checks.check())
    await asyncio.sleep(0)
    patient = asyncio.create_task(checks.check())
    impatient.cancel()
    assert (await patient).is_ready
    assert flaky.asked == 1


@pytest.mark.usefixtures("always")
async def test_a_change_is_logged_once(
    checks: Health, flaky: Flaky, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=health.__name__)
    for flaky.answers in (True, False, False, False, True, True):
        await checks.check()
    assert caplog.messages == ["dependency does not answer", "dependency answers again"]


@pytest.mark.usefixtures("always")
async def test_another_kind_of_reason_is_logged_once(
    checks: Health, flaky: Flaky, caplog: pytest.LogCaptureFixture
) -> None:
    flaky.answers = False
    refused, reset = ConnectionError("port 1"), ConnectionError("port 2")
    for flaky.error in (refused, reset, PermissionError("user service"), refused, reset):
        await checks.check()
    errors = [vars(record)["fields"]["error"] for record in caplog.records]
    assert errors == ["ConnectionError: port 1", "PermissionError: user service"]


async def test_a_reason_that_is_behind_the_error_is_named_too() -> None:
    async def fail() -> None:
        raise LookupError("no answer") from OSError("10.1.2.3:5432 refused")

    assert await ask(fail) == "LookupError: no answer, caused by OSError: 10.1.2.3:5432 refused"


async def test_a_refusal_that_is_a_sentence_already_is_said_as_it_is() -> None:
    async def refuse() -> None:
        raise StartupError("PLACE_URL: it does not let us in") from OSError("closed")

    assert await ask(refuse) == "PLACE_URL: it does not let us in"


@pytest.mark.usefixtures("always")
async def test_whether_it_answers_is_a_metric(checks: Health, flaky: Flaky) -> None:
    for flaky.answers in (True, False):
        await checks.check()
        up = REGISTRY.get_sample_value("dependency_up", {"dependency": "Flaky"})
        assert up == flaky.answers


async def test_a_process_that_ends_is_not_ready_and_asks_nobody(
    checks: Health, flaky: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Drain, "began_at", None)
    begin_drain()
    report = await checks.check()
    assert not report.is_ready
    assert report.answers == {"process": "ending"}
    assert flaky.asked == 0


async def test_a_dependency_that_hangs_is_waited_for_no_longer_than_its_limit() -> None:
    assert await ask(asyncio.Event().wait, 0.01) == "no answer within 0.01 seconds"  # type: ignore[arg-type]
