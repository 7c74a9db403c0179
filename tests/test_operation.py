"""The page of operation names every metric of the code, with its kind and labels, and no other."""

import ast
from collections.abc import Iterator

from tests.documents import TEMPLATE, read_code, read_rows
from tests.small_template import ROOT

PAGE = ROOT / "docs" / "operation.md"
METRICS = TEMPLATE / "app" / "core" / "metrics.py"
KINDS = {"Counter": "counter", "Gauge": "gauge", "Histogram": "histogram", "Reading": "gauge"}
# What Prometheus' practice asks of names: base units, and what a counter ends with.
UNITS = ("_seconds", "_messages", "_info", "_total")
PLAIN = {"dependency_up", "http_requests_in_flight", "subscription_paused"}
PLAIN |= {"database_connections_used", "database_connections_max", "subscription_dead_letters"}
# What a value of a label may be: a name of the code, or a kind of outcome. `job`, `instance` and
# `service` are whom Prometheus asked.
LABELS = {"dependency", "method", "name", "outcome", "reason", "route", "state", "status"}
LABELS |= {"subscription", "topic", "version"}

Metric = tuple[str, str, tuple[str, ...]]
"""The name of a metric, its kind and its labels."""


def read_metrics() -> Iterator[Metric]:
    """Yield the metrics that the template declares."""
    for node in ast.walk(ast.parse(METRICS.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
            name, _, *labels = (ast.literal_eval(argument) for argument in node.args)
            yield name, KINDS[node.func.id], tuple(labels[0]) if labels else ()


def test_every_metric_is_told_and_no_other() -> None:
    rows = read_rows(PAGE, "Metrics")
    told = [(cells[0].strip("`"), cells[1], tuple(read_code(cells[2]))) for cells in rows]
    assert sorted(told) == sorted(read_metrics())


def test_names_say_what_is_counted_and_in_which_unit() -> None:
    for name, kind, _ in read_metrics():
        assert name in PLAIN or name.endswith(UNITS), name
        assert name.endswith("_total") == (kind == "counter"), name
        assert kind != "histogram" or name.endswith("_duration_seconds"), name


def test_labels_have_few_values() -> None:
    for name, _, labels in read_metrics():
        assert {*labels} <= LABELS, name
