"""A system starts the servers that its services use, and no others: one broker, not two."""

import re
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.combinations import DEFAULT
from tests.programs import check
from tests.renders import render as render_once
from tests.small_template import ROOT
from tests.system_files import write_system
from tools.example import dev_talk, tasks
from tools.system import System, SystemRefusedError, read
from tools.system.compose import compose, write
from tools.system.rendering import render

BROKERS = ("rabbitmq", "kafka")
# What a service can be told in the place of the system's own.
OUTSIDE = {
    "BROKER_URL": "amqps://service:secret@broker.example.com/",
    "DATABASE_URL": "postgresql://service:secret@postgres.example.com/service",
    "REDIS_URL": "rediss://redis.example.com/0",
}
SERVERS = {"postgres", "mysql", *BROKERS, "redis"}
COMMAND = re.compile(
    r"STACK_BROKER_URL=(\w+)://\S+ docker compose (--profile .* rabbitmq=0)$", re.M
)
Environment = Mapping[str, str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two services with the default answers, of which each could talk over either broker."""
    folder = tmp_path_factory.mktemp("pair")
    for service in describe(folder).services:
        render(service, folder)
    return folder


def describe(folder: Path, *environments: Environment) -> System:
    """Return the system of both, with settings of the first and the second."""
    services = [
        {"name": name, "port": port, "environment": dict(environment)}
        for name, port, environment in zip(
            ("writer", "reader"), (8101, 8102), [*environments, {}, {}][:2], strict=True
        )
    ]
    return read(write_system(folder, *services, name="pair"))


def compose_pair(home: Path, *environments: Environment) -> dict[str, Any]:
    """Return the containers of both, as compose reads them."""
    text = write(compose(describe(home, *environments), home))
    containers: dict[str, Any] = yaml.safe_load(text)["services"]
    awaited = {each for part in containers.values() for each in part.get("depends_on", ())}
    assert awaited <= set(containers)
    return containers


def list_started(containers: Mapping[str, Any], options: Sequence[str] = ()) -> set[str]:
    """Return the servers that compose starts with options of its command line."""
    profiles = {value for name, value in pairwise(options) if "prof" in name}
    none = {each.removesuffix("=0") for each in options if each.endswith("=0")}
    return {
        name
        for name, part in containers.items()
        if name in SERVERS - none and ("profiles" not in part or profiles & set(part["profiles"]))
    }


def test_services_for_either_broker_start_rabbitmq_alone(home: Path) -> None:
    assert list_started(compose_pair(home)) == {"postgres", "redis", "rabbitmq"}


@pytest.mark.parametrize(
    ("broker", "url"), [("rabbitmq", "amqp://rabbitmq/"), ("kafka", "kafka://kafka:19092")]
)
def test_the_url_of_one_service_decides_for_all(home: Path, broker: str, url: str) -> None:
    containers = compose_pair(home, {"BROKER_URL": url})
    assert SERVERS & set(containers) == {"postgres", "redis", broker}
    assert list_started(containers) == {"postgres", "redis", broker}
    settings = dict(line.split("=", 1) for line in containers["reader"]["environment"])
    assert settings["BROKER_URL"].startswith(url.partition(":")[0])
    assert containers["reader"]["depends_on"][broker] == {"condition": "service_healthy"}


def test_a_server_outside_is_not_started_a_second_time_inside(home: Path) -> None:
    containers = compose_pair(home, OUTSIDE, OUTSIDE)
    assert not SERVERS & set(containers)
    assert "postgres_databases" not in containers


def test_a_server_that_one_of_two_uses_is_started(home: Path) -> None:
    assert list_started(compose_pair(home, {"REDIS_URL": OUTSIDE["REDIS_URL"]})) >= {"redis"}


@pytest.mark.parametrize("document", ["docs/systems.md", "docker-compose.yml"])
def test_the_command_for_kafka_starts_no_rabbitmq(home: Path, document: str) -> None:
    folder = ROOT if document.startswith("docs") else render_once(DEFAULT)
    [(scheme, options)] = COMMAND.findall((folder / document).read_text(encoding="utf-8"))
    started = list_started(compose_pair(home), options.split())
    assert started == {"postgres", "redis", scheme}


class AskedError(Exception):
    """Servers were asked for; nothing starts."""


def ask(names: Sequence[str], **_: object) -> Mapping[str, str]:
    """Tell which servers an example wants."""
    raise AskedError(*names)


@pytest.mark.parametrize("broker", BROKERS)
@pytest.mark.parametrize(
    ("example", "others"), [(tasks, {"postgresql"}), (dev_talk, {"mariadb", "redis"})]
)
def test_an_example_starts_the_broker_that_it_is_shown_on_and_not_the_other(
    example: Any, others: set[str], broker: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(example, "build", lambda *_, **__: tmp_path)
    monkeypatch.setattr(example, "ensure", ask)
    with pytest.raises(AskedError) as asked:
        example.show(broker=broker, once=True)
    assert set(asked.value.args) == {broker, *others}


def test_a_system_on_one_broker_refuses_to_be_shown_on_the_other(tmp_path: Path) -> None:
    system = read(
        write_system(tmp_path, {"name": "writer", "port": 1, "answers": {"broker": "kafka"}})
    )
    with pytest.raises(SystemRefusedError, match="notes is on kafka: leave rabbitmq out"):
        system.list_servers("rabbitmq")


def test_the_demo_knows_no_servers() -> None:
    program = "import sys, tools.demo; print([n for n in sys.modules if 'tools.servers' in n])"
    assert check(sys.executable, "-c", program, cwd=ROOT).strip() == "[]"
