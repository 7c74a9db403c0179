"""Every panel shows something, and failures from the first one on: asked of a real Prometheus."""

from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from tests.combinations import DEFAULT
from tests.dashboards import SELECTOR, Watched
from tests.processes import ask, find_port, running, wait_for
from tests.prometheus import Prometheus, watching
from tests.recipes import make_service

pytestmark = pytest.mark.slow

# The service in one process, with a bug, a message that is rejected and a topic that is not taken.
FAILING = """
from app.domain import service
from app.services.memory_broker import MemoryBroker
from app.utils.broker_errors import TopicUnavailableError
from app.utils.consumer import RejectMessageError

create_item, record_activity, publish = (
    service.create_item, service.record_activity, MemoryBroker.publish
)


async def create(uow, name):
    if name == "bug":
        raise RuntimeError("a bug")
    return await create_item(uow, name)


async def record(uow, *, kind, subject):
    if subject == "rejected":
        raise RejectMessageError("not such a thing")
    return await record_activity(uow, kind=kind, subject=subject)


async def refuse(self, message):
    if b"deferred" in message.body:
        raise TopicUnavailableError("full")
    return await publish(self, message)


service.create_item, service.record_activity, MemoryBroker.publish = create, record, refuse
from app.main import main
main()
"""
# What is shown of the failures below; each has happened once.
FAILED = {
    "Errors": "5xx",
    "Errors by route": "",
    "Not published": "",
    "Attempts that failed": "",
    "New dead letters": "",
    "Dead letters": "",
    "Deferred topics": "",
    "Alerts": "",
}
BEFORE = [
    'http_requests_total{method="POST", route="/v1/items", status="500"} == 0',
    'messages_published_total{topic="item.created", outcome="unavailable"} == 0',
    'dead_letters_total{subscription="record_item", reason="rejected"} == 0',
]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """The default service, and what watches it."""
    return Watched(make_service(tmp_path_factory.mktemp("panels") / "my-service", DEFAULT))


@pytest.fixture(scope="module")
def prometheus(watched: Watched, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, with the service at work, of which everything has failed once."""
    folder, port = tmp_path_factory.mktemp("prometheus"), find_port()
    with (
        running(watched.service, "-c", FAILING, log=folder / "log", PORT=str(port)),
        watching(watched, folder / "prometheus", {"api": port}) as prometheus,
    ):
        wait_for(lambda: ask(port, "/health/ready"), "readiness")
        ask(port, "/v1/items", {"name": "lamp"})
        wait_for(lambda: all(map(prometheus.ask, BEFORE)), "counters at 0")
        with pytest.raises(HTTPError, match="500"):
            ask(port, "/v1/items", {"name": "bug"})
        for name in ("rejected", "deferred"):
            ask(port, "/v1/items", {"name": name})
        yield prometheus


def list_watched(watched: Watched) -> Iterator[str]:
    """Yield the series that alerts look at, but for those of a worker of its own."""
    for rule in watched.rules:
        for name, matchers in SELECTOR.findall(rule["expr"]):
            if 'job="worker"' not in matchers:
                yield f"{name}{{{matchers}}}"


def list_queries(watched: Watched) -> list[tuple[str, str, str]]:
    """Return what the panels ask Prometheus, each after its panel's title and its legend."""
    panels = [each for each in watched.panels if each["datasource"]["uid"] == "prometheus"]
    return [
        (panel["title"], target["legendFormat"], watched.fill(target["expr"]))
        for panel in panels
        for target in panel["targets"]
    ]


def test_every_panel_shows_something(watched: Watched, prometheus: Prometheus) -> None:
    queries = list_queries(watched)

    def find_empty() -> list[str]:
        return [title for title, _, query in queries if not prometheus.ask(query)]

    wait_for(lambda: not find_empty(), "data of every panel")


def test_every_panel_of_failures_shows_the_first_one(
    watched: Watched, prometheus: Prometheus
) -> None:
    queries = [each for each in list_queries(watched) if FAILED.get(each[0]) in {"", each[1]}]
    assert {title for title, *_ in queries} == set(FAILED)

    def find_unseen() -> list[str]:
        return [
            title for title, _, query in queries if not any(map(is_more, prometheus.ask(query)))
        ]

    def is_more(value: float) -> bool:
        return value > 0

    wait_for(lambda: not find_unseen(), "the first failure")


def test_every_alert_watches_something(watched: Watched, prometheus: Prometheus) -> None:
    series = set(list_watched(watched))
    wait_for(lambda: all(map(prometheus.ask, series)), f"data of all of {series}")
