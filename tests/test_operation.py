"""The page of operation names every metric of the code, with its kind and labels, and no other."""

from tests.dashboards import read_metrics
from tests.documents import TEMPLATE, read_code, read_rows
from tests.small_template import ROOT

PAGE = ROOT / "docs" / "operation.md"
METRICS = TEMPLATE / "app" / "core" / "metrics.py"
# What Prometheus' practice asks of names: base units, and what a counter ends with.
UNITS = ("_seconds", "_messages", "_info", "_total")
PLAIN = {
    "dependency_up",
    "http_requests_in_flight",
    "http_streams_open",
    "subscription_paused",
}
PLAIN |= {"database_connections_used", "database_connections_max", "subscription_dead_letters"}
# What a value of a label may be: a name of the code, or a kind of outcome. `job`, `instance` and
# `service` are whom Prometheus asked.
LABELS = {"dependency", "kind", "method", "name", "outcome", "reason", "route", "state", "status"}
LABELS |= {"subscription", "topic", "version"}


def test_every_metric_is_told_and_no_other() -> None:
    rows = read_rows(PAGE, "Metrics")
    told = [(cells[0].strip("`"), cells[1], tuple(read_code(cells[2]))) for cells in rows]
    assert sorted(told) == sorted(read_metrics(METRICS))


def test_names_say_what_is_counted_and_in_which_unit() -> None:
    for name, kind, _ in read_metrics(METRICS):
        assert name in PLAIN or name.endswith(UNITS), name
        assert name.endswith("_total") == (kind == "counter"), name
        assert kind != "histogram" or name.endswith("_duration_seconds"), name


def test_labels_have_few_values() -> None:
    for name, _, labels in read_metrics(METRICS):
        assert {*labels} <= LABELS, name
