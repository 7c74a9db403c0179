"""What is measured in the background for the metrics, so that nobody who reads them waits."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from app.core.config import CoreSettings
from app.core.health import Health
from app.core.log_losses import REASONS
# {% if cookiecutter.broker != "none" %}
from app.core.message_metrics import expect_messages
# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.cache == "none" %}
from app.core.metrics import LOG_LINES_LOST, SERVICE_INFO
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.cache == "none" %}
from app.core.metrics import (
    DATABASE_CONNECTIONS_MAX,
    DATABASE_CONNECTIONS_USED,
    LOG_LINES_LOST,
    SERVICE_INFO,
)
# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.cache == "redis" %}
from app.core.metrics import CACHE_OPERATIONS, CACHE_READS, LOG_LINES_LOST, SERVICE_INFO
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.cache == "redis" %}
from app.core.metrics import (
    CACHE_OPERATIONS,
    CACHE_READS,
    DATABASE_CONNECTIONS_MAX,
    DATABASE_CONNECTIONS_USED,
    LOG_LINES_LOST,
    SERVICE_INFO,
)
# {% endif %}
from app.core.readings import Follower
# {% if cookiecutter.database != "none" %}
from app.database import Database
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}
from app.services.outbox.measuring import show_outbox
# {% endif %}
# {% if cookiecutter.broker != "none" %}
from app.services.topics import list_events, list_topics
# {% endif %}
from app.utils.background import repeat, run_in_background
# {% if cookiecutter.cache == "redis" %}
from app.utils.cache import OPERATIONS, READS, Cache
# {% endif %}
from app.utils.container import Container

SAMPLE_SECONDS = 5.0
MEASURE_SECONDS = 15.0


class Sampler:
    """Takes over what this process counts or holds by itself; nothing of it takes time."""

    def __init__(self, opened: Container) -> None:
        """Know where to look."""
        self._opened = opened
        self._followers = [
            Follower(LOG_LINES_LOST, count_lost_lines, REASONS),
            # {% if cookiecutter.cache == "redis" %}
            Follower(CACHE_READS, lambda: opened[Cache].reads, READS),
            Follower(CACHE_OPERATIONS, lambda: opened[Cache].operations, OPERATIONS),
            # {% endif %}
        ]

    async def sample(self) -> None:
        """Take everything over."""
        for follower in self._followers:
            follower.catch_up()
        # {% if cookiecutter.database != "none" %}
        used, most = self._opened[Database].count_connections()
        DATABASE_CONNECTIONS_USED.set(used)
        DATABASE_CONNECTIONS_MAX.set(most)
        # {% endif %}


def count_lost_lines() -> Counter[str]:
    """Return how many log lines did not arrive, by reason, at all places that count them."""
    total: Counter[str] = Counter()
    for handler in logging.getLogger().handlers:
        lost = getattr(handler, "lost", None)
        counts = getattr(lost, "counts", lost)
        if isinstance(counts, Mapping):
            # A copy, because another thread may count on.
            total.update(dict(counts))
    return total


@asynccontextmanager
async def run_measuring(opened: Container) -> AsyncIterator[None]:
    """Measure in the background while the block runs."""
    service, sampler = opened[CoreSettings].service, Sampler(opened)
    SERVICE_INFO.set(1, service.name, service.version)
    # {% if cookiecutter.broker != "none" %}
    sent = {event.topic for event in list_events() if not event.sent_by}
    expect_messages(sent, {topic.name for topic in list_topics(service.name)})
    # {% endif %}

    async def measure() -> None:
        # Also when nobody asks, so that the metrics and the log tell of it.
        await opened[Health].check()
        # {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}
        await show_outbox(opened[Database])
        # {% endif %}

    async with run_in_background(
        repeat(sampler.sample, SAMPLE_SECONDS), repeat(measure, MEASURE_SECONDS)
    ):
        yield
