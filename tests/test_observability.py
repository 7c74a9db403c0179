"""What watches a service fits the service: its metrics, its containers and its runbook."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.combinations import DEFAULT
from tests.dashboards import Watched, find_groups, find_metrics
from tests.documents import read_mentioned_commands, read_recipes
from tests.marks import AMONG, choose_folders
from tests.renders import PARTS, render
from tools.dashboards.__main__ import FOLDER, write_pages

# What Prometheus itself tells, and says of whom it asked.
PROMETHEUS = {"up": set[str](), "ALERTS": {"alertname", "alertstate"}}
# What its client library tells of a process on Linux.
PROCESS = {
    "cpu_seconds_total",
    "max_fds",
    "open_fds",
    "resident_memory_bytes",
    "start_time_seconds",
}
TARGET = {"service", "job", "instance"}
LOCAL = "127.0.0.1:"
LONGEST_UID = 40


def watch(*, every: bool) -> Iterator[Watched]:
    """Yield what watches each service that differs in it."""
    return map(Watched, choose_folders(PARTS["compose"], every=every))


def read_compose(service: Path) -> dict[str, Any]:
    """Return the containers of a service, with those that are included."""
    stack = yaml.safe_load((service / "docker-compose.yml").read_text(encoding="utf-8"))
    containers: dict[str, Any] = stack["services"]
    for name in stack["include"]:
        containers |= yaml.safe_load((service / name).read_text(encoding="utf-8"))["services"]
    return containers


def find_unknown(watched: Watched, expressions: Iterable[str]) -> list[str]:
    """Return what queries name that the service does not have."""
    known = PROMETHEUS | {f"process_{name}": set[str]() for name in PROCESS} | watched.metrics
    unknown = []
    for expression in expressions:
        metrics = find_metrics(expression)
        assert metrics, expression
        unknown += [name for name, _ in metrics if name not in known]
        unknown += [
            f"{name}: {label}"
            for name, labels in metrics
            for label in labels - known.get(name, set()) - TARGET
        ]
        labels = TARGET.union({"le"}, *(known.get(name, set()) for name, _ in metrics))
        unknown += [f"{expression}: {label}" for label in find_groups(expression) - labels]
    return unknown


@AMONG
def test_every_metric_of_dashboards_and_alerts_is_one_of_the_service(*, every: bool) -> None:
    for each in watch(every=every):
        assert find_unknown(each, each.expressions) == [], each
        assert find_unknown(each, [rule["expr"] for rule in each.rules]) == [], each


@AMONG
def test_every_metric_of_the_service_is_on_a_dashboard(*, every: bool) -> None:
    for each in watch(every=every):
        shown = {name for asked in each.expressions for name, _ in find_metrics(asked)}
        assert set(each.metrics) <= shown, each


@AMONG
def test_every_alert_has_its_heading_in_the_runbook(*, every: bool) -> None:
    for each in watch(every=every):
        runbook = (each.folder / "RUNBOOK.md").read_text(encoding="utf-8")
        names = [rule["alert"] for rule in each.rules]
        assert sorted(re.findall(r"^## (.+)$", runbook, re.MULTILINE)) == sorted(names), each
        for section in runbook.split("\n## ")[1:]:
            assert re.findall(r"^- \*\*(\w+)\*\*: ", section, re.MULTILINE) == [
                "Means",
                "Look",
                "Do",
            ], section
        for rule in each.rules:
            page, _, heading = rule["annotations"]["runbook"].partition("#")
            assert (each.service / page).is_file()
            assert heading == rule["alert"].lower()
            assert rule["labels"]["severity"] in {"critical", "warning"}


@AMONG
def test_every_command_of_the_runbook_is_a_recipe(*, every: bool) -> None:
    for each in watch(every=every):
        commands = read_mentioned_commands(each.folder / "RUNBOOK.md")
        named = {command.split()[1] for command in commands if command.startswith("./just ")}
        assert named <= read_recipes(each.service / "justfile"), each


@AMONG
def test_panels_ask_sources_that_grafana_is_given(*, every: bool) -> None:
    for each in watch(every=every):
        sources = each.read("grafana/provisioning/datasources/datasources.yml")["datasources"]
        given = {(source["type"], source["uid"]) for source in sources}
        asked = {(panel["datasource"]["type"], panel["datasource"]["uid"]) for panel in each.panels}
        assert asked <= given, each
        hosts = {source["url"].split("/")[2].partition(":")[0] for source in sources}
        assert hosts <= set(read_compose(each.service)), each


@AMONG
def test_dashboards_have_names_of_their_own_and_links_that_lead_to_one(*, every: bool) -> None:
    for each in watch(every=every):
        uids = [page["uid"] for page in each.pages]
        assert len(uids) == len(set(uids)), each
        assert max(map(len, uids)) <= LONGEST_UID, each
        files = [path for path in each.folder.rglob("*") if path.suffix in {".json", ".yml"}]
        texts = [path.read_text(encoding="utf-8") for path in files]
        linked = {uid for text in texts for uid in re.findall(r"\"/d/([\w-]+)", text)}
        assert linked, "log lines lead to their trace"
        assert linked <= set(uids), each


@AMONG
def test_prometheus_asks_the_containers_of_the_service(*, every: bool) -> None:
    for each in watch(every=every):
        containers = read_compose(each.service)
        jobs = {job["job_name"]: job for job in each.read("prometheus.yml")["scrape_configs"]}
        assert set(jobs) == {"api", "worker"} & set(containers), each
        for name, job in jobs.items():
            (found,) = job["dns_sd_configs"]
            assert found["names"] == [name]
            assert found["port"] == {"api": 8000, "worker": 8001}[name]
            (label,) = job["relabel_configs"]
            assert label == {"target_label": "service", "replacement": each.service.name}


@AMONG
def test_containers_that_watch_start_only_when_asked_for(*, every: bool) -> None:
    for each in watch(every=every):
        for name, container in each.read("docker-compose.yml")["services"].items():
            assert container["profiles"] == ["observability"], name
            assert re.search(r":v?\d+\.\d+\.\d+$", container["image"]), name
            assert container["healthcheck"]["test"], name
            assert all(port.startswith(LOCAL) for port in container["ports"]), name
            for mount in container.get("volumes", ()):
                source, _, options = mount.split(":")
                assert (each.folder / source).exists(), mount
                assert options == "ro", mount


@AMONG
def test_every_container_of_the_service_says_whether_it_is_ready(*, every: bool) -> None:
    ask = ["CMD", "python", "-m", "app.commands.health", "ready"]
    for each in watch(every=every):
        containers = read_compose(each.service)
        for name in {"api", "worker"} & set(containers):
            assert containers[name]["healthcheck"]["test"] == ask, each
            places = [each for each in containers[name]["environment"] if "_URL=${" in each]
            assert all(place.endswith(":-}") or ":-amqp" in place for place in places), places


@pytest.mark.parametrize("name", write_pages())
def test_dashboard_is_what_the_generator_writes(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert text == write_pages()[name], "./just dashboards"


def test_every_dashboard_has_a_page() -> None:
    assert {path.name for path in FOLDER.glob("*")} == set(write_pages())
    assert len(Watched(render(DEFAULT)).pages) == len(write_pages())
