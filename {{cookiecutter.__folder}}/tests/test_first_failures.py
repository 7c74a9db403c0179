"""Counters of failures are 0 before the first one: Prometheus sees a series grow, not appear."""

import re
from pathlib import Path

import pytest
# {% if cookiecutter.interface != "worker" %}
from fastapi import FastAPI
# {% endif %}
from prometheus_client import REGISTRY

# {% if cookiecutter.interface != "worker" %}
from app.core.http_metrics import begin_request, observe_request
# {% endif %}
from app.core.log_losses import REASONS
# {% if cookiecutter.broker != "none" %}
from app.core.message_metrics import OUTCOMES
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.services.delivery import Delivery
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.interface != "api" %}
from app.services.job_runner import JobRunner
# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.cache == "redis" and cookiecutter.interface != "api" %}
from app.services.job_scheduler import JobRunner
# {% endif %}
from app.services.measuring import run_measuring
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}
from app.services.outbox.relay import OutboxRelay
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.utils.consumer import Consumer
# {% endif %}
from app.utils.container import Container
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.utils.dead_letter import Reason
# {% endif %}
# {% if cookiecutter.interface != "api" and (cookiecutter.database != "none" or cookiecutter.cache == "redis") %}
from app.utils.jobs import Job
# {% endif %}
# {% if cookiecutter.broker != "none" %}
from app.utils.message_broker import Event
# {% endif %}
# {% if cookiecutter.interface != "api" and (cookiecutter.database != "none" or cookiecutter.cache == "redis") %}
from app.utils.schedules import Every
# {% endif %}

ROOT = Path(__file__).parents[1]
# {% if cookiecutter.broker != "none" %}


class NeverSent(Event, topic="test.never_sent"):
    """Something that has not happened."""
# {% endif %}


def read(metric: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(metric, labels)


@pytest.mark.parametrize("reason", REASONS)
async def test_lines_that_are_lost(opened: Container, reason: str) -> None:
    async with run_measuring(opened):
        assert read("log_lines_lost_total", reason=reason) is not None


def test_there_is_no_other_reason_to_lose_lines() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "app" / "core").glob("lo*.py")]
    given = [re.findall(r'(?:lost\.count\(|_settle\(batch, )"(\w+)"', text) for text in texts]
    assert {reason for each in given for reason in each} == set(REASONS)
# {% if cookiecutter.cache == "redis" %}


@pytest.mark.parametrize("outcome", ["answered", "failed", "refused", "skipped"])
async def test_commands_of_the_cache(opened: Container, outcome: str) -> None:
    async with run_measuring(opened):
        assert read("cache_operations_total", outcome=outcome) is not None
# {% endif %}
# {% if cookiecutter.broker != "none" %}


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_messages_that_are_published(opened: Container, outcome: str) -> None:
    async with run_measuring(opened):
        topic = NeverSent.topic
        assert read("messages_published_total", topic=topic, outcome=outcome) == 0


async def test_records_that_cannot_be_read(opened: Container) -> None:
    async with run_measuring(opened):
        assert read("messages_unreadable_total", topic=NeverSent.topic) == 0
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}


@pytest.mark.parametrize("outcome", ["published", "put_off", "refused"])
def test_messages_of_the_outbox(opened: Container, outcome: str) -> None:
    OutboxRelay(opened)
    assert read("outbox_relayed_total", outcome=outcome) is not None
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}


@pytest.mark.parametrize("reason", Reason)
def test_messages_that_are_put_aside(opened: Container, reason: Reason) -> None:
    consumer = Consumer()

    @consumer.on(NeverSent, name="never_called")
    async def handle(event: NeverSent) -> None:
        del event

    subscription = consumer.subscriptions[0]
    Delivery(subscription, subscription.make_group("tests"), opened)
    assert read("dead_letters_total", subscription="never_called", reason=reason) == 0
# {% endif %}
# {% if cookiecutter.interface != "api" and (cookiecutter.database != "none" or cookiecutter.cache == "redis") %}


@pytest.mark.parametrize("outcome", ["done", "failed"])
def test_runs_of_a_job(opened: Container, outcome: str) -> None:
    async def tick() -> None:
        """Do nothing."""

    JobRunner(Job(name="never_run", schedule=Every(60), function=tick), opened)
    assert read("job_runs_total", name="never_run", outcome=outcome) == 0
# {% endif %}
# {% if cookiecutter.interface != "worker" %}


@pytest.mark.parametrize("kind", ["events", "websocket"])
@pytest.mark.parametrize("outcome", ["ended", "failed", "left", "refused", "stopped"])
def test_streams_that_end(app: FastAPI, kind: str, outcome: str) -> None:
    app.build_middleware_stack()
    assert read("http_streams_ended_total", kind=kind, outcome=outcome) is not None
    assert read("http_streams_open", kind=kind) is not None


@pytest.mark.parametrize("status", ["500", "503", "504"])
def test_requests_of_a_route_that_was_asked_before(status: str) -> None:
    labels = {"method": "GET", "route": "/never-failed"}
    begin_request()
    observe_request(**labels, status=200, seconds=0.1)
    assert read("http_requests_total", **labels, status=status) == 0
# {% endif %}
