"""The service's own resources: others in their place in tests, and asked for readiness."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from app.core.health import Health
from app.domain.settings import Settings
from app.resources import Resources
from app.utils.container import Container


class Partner:
    """A client of something that can be down."""

    answers = True
    is_optional = False

    async def ping(self) -> None:
        if not self.answers:
            raise ConnectionError("the partner does not answer")


@dataclass(frozen=True)
class Fakes:
    """What a service may have as its resources."""

    partner: Partner = field(default_factory=Partner)
    setting: str = "has no ping"


@pytest.fixture(autouse=True)
def resources(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """Put others in the place of what `open_resources` would open."""
    fakes = Fakes()

    @asynccontextmanager
    async def open_fakes(_: Settings) -> AsyncIterator[Fakes]:
        yield fakes

    monkeypatch.setattr("app.lifespan.open_resources", open_fakes)
    return fakes


async def test_a_test_has_its_own(opened: Container, resources: Fakes) -> None:
    given: object = opened[Resources]
    assert given is resources


async def test_each_of_them_that_has_a_ping_is_needed(opened: Container, resources: Fakes) -> None:
    resources.partner.answers = False
    report = await Health(opened).check()
    assert not report.is_ready
    assert report.answers["Resources.partner"] != "ok"


async def test_an_optional_one_is_told_and_fails_nothing(
    opened: Container, resources: Fakes
) -> None:
    resources.partner.answers = False
    resources.partner.is_optional = True
    report = await Health(opened).check()
    assert report.is_ready
    assert report.answers["Resources.partner"] != "ok"
