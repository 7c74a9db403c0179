"""What is measured in the background: what other parts count, and what they hold."""

import logging
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY

from app.core.config import CoreSettings
from app.core.readings import READINGS
# {% if cookiecutter.database != "none" %}
from app.database import Database
# {% endif %}
from app.services.measuring import Sampler, count_lost_lines, run_measuring
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}
from app.services.outbox.measuring import show_outbox
# {% endif %}
# {% if cookiecutter.cache == "redis" %}
from app.utils.cache import Cache
# {% endif %}
from app.utils.container import Container


class Place(logging.NullHandler):
    """A place of log lines that counts what it has lost."""

    lost: object = Counter(full=2)


class OtherPlace(logging.NullHandler):
    """One that keeps its counts in an object."""

    lost = SimpleNamespace(counts=Counter(full=1, refused=4))


@pytest.fixture
def places() -> Iterator[None]:
    handlers = [Place(), OtherPlace(), logging.NullHandler()]
    for handler in handlers:
        logging.getLogger().addHandler(handler)
    yield
    for handler in handlers:
        logging.getLogger().removeHandler(handler)


@pytest.mark.usefixtures("places")
def test_lines_that_any_place_has_lost_are_counted_by_reason() -> None:
    assert count_lost_lines() == Counter(full=3, refused=4)


@pytest.mark.usefixtures("places")
async def test_lost_lines_are_a_metric(opened: Container) -> None:
    labels = {"reason": "refused"}
    before = REGISTRY.get_sample_value("log_lines_lost_total", labels) or 0
    sampler = Sampler(opened)
    await sampler.sample()
    await sampler.sample()
    assert REGISTRY.get_sample_value("log_lines_lost_total", labels) == before + 4


async def test_the_service_and_its_version_are_a_metric(
    opened: Container, core: CoreSettings
) -> None:
    async with run_measuring(opened):
        labels = {"name": core.service.name, "version": core.service.version}
        assert READINGS.get_sample_value("service_info", labels) == 1
# {% if cookiecutter.database != "none" %}


async def test_connections_in_use_are_a_metric(opened: Container) -> None:
    sampler = Sampler(opened)
    async with opened[Database].engine.connect():
        await sampler.sample()
        assert REGISTRY.get_sample_value("database_connections_used") == 1
    await sampler.sample()
    assert REGISTRY.get_sample_value("database_connections_used") == 0
    assert REGISTRY.get_sample_value("database_connections_max") == 20
# {% endif %}
# {% if cookiecutter.cache == "redis" %}


async def test_hits_and_misses_are_a_metric(opened: Container) -> None:
    def read(outcome: str) -> float:
        return REGISTRY.get_sample_value("cache_reads_total", {"outcome": outcome}) or 0

    async def compute() -> int:
        return 7

    hits, misses = read("hit"), read("miss")
    cache = opened[Cache]
    for _ in range(3):
        assert await cache.fetch("lamp", int, compute, ttl=60) == 7
    await Sampler(opened).sample()
    assert (read("hit") - hits, read("miss") - misses) == (2, 1)
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}


async def test_the_outbox_is_measured_and_absent_when_nobody_knows_it(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened[Database]
    await show_outbox(database)
    waiting = {"state": "waiting"}
    assert READINGS.get_sample_value("outbox_messages", waiting) == 0
    assert READINGS.get_sample_value("outbox_oldest_age_seconds") == 0
    monkeypatch.setattr(database, "begin", None)
    await show_outbox(database)
    assert READINGS.get_sample_value("outbox_messages", waiting) is None
    assert READINGS.get_sample_value("outbox_oldest_age_seconds") is None
# {% endif %}
