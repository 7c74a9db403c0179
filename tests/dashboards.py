"""Read what watches a rendered service: its rules, dashboards and metrics."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KINDS = {"Counter": "counter", "Gauge": "gauge", "Histogram": "histogram", "Reading": "gauge"}
SELECTOR = re.compile(r"([a-zA-Z_]\w*)\{([^}]*)\}")
MATCHER = re.compile(r"(\w+)(?:=~|!~|!=|=)\"[^\"]*\"")
GROUPED = re.compile(r"by \(([^)]*)\)")

Metric = tuple[str, str, tuple[str, ...]]
"""The name of a metric, its kind and its labels."""


def read_metrics(path: Path) -> Iterator[Metric]:
    """Yield the metrics that a module declares."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
            name, _, *labels = (ast.literal_eval(argument) for argument in node.args)
            yield name, KINDS[node.func.id], tuple(labels[0]) if labels else ()


@dataclass(frozen=True)
class Watched:
    """What watches a service, in its folder."""

    service: Path

    @property
    def folder(self) -> Path:
        """Where it all is."""
        return self.service / "deploy" / "observability"

    def read(self, name: str) -> Any:
        """Return what a YAML file holds."""
        return yaml.safe_load((self.folder / name).read_text(encoding="utf-8"))

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The alerts, in order."""
        groups = self.read("rules/alerts.yml")["groups"]
        return [rule for group in groups for rule in group["rules"]]

    @property
    def pages(self) -> list[dict[str, Any]]:
        """The dashboards."""
        paths = sorted((self.folder / "grafana/dashboards").glob("*.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]

    @property
    def panels(self) -> list[dict[str, Any]]:
        """The panels of all dashboards."""
        return [panel for page in self.pages for panel in page["panels"]]

    @property
    def expressions(self) -> list[str]:
        """What the panels ask Prometheus, as it gets it."""
        asked = [
            target["expr"]
            for panel in self.panels
            if panel["datasource"]["uid"] == "prometheus"
            for target in panel["targets"]
        ]
        return [self.fill(each) for each in asked]

    def fill(self, expression: str) -> str:
        """Return a query with what Grafana would put in for its variables."""
        values = {
            "$__rate_interval": "1m",
            "$__range": "1h",
            "$service": self.service.name,
            "$instance": ".*",
        }
        for name, value in values.items():
            expression = expression.replace(name, value)
        return expression

    @property
    def metrics(self) -> dict[str, set[str]]:
        """The labels of each metric of the service."""
        return {
            name: {*labels}
            for name, _, labels in read_metrics(self.service / "app" / "core" / "metrics.py")
        }


def find_metrics(expression: str) -> list[tuple[str, set[str]]]:
    """Return the metrics in a query, each with the labels by which it is chosen."""
    return [
        (re.sub(r"_(bucket|count|sum)$", "", name), set(MATCHER.findall(matchers)))
        for name, matchers in SELECTOR.findall(expression)
    ]


def find_groups(expression: str) -> set[str]:
    """Return the labels by which a query puts together."""
    return {label.strip() for labels in GROUPED.findall(expression) for label in labels.split(",")}
