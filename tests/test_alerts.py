"""Prometheus accepts rules and queries, and each alert fires when it should and only then."""

import json
from pathlib import Path

import pytest
import yaml

from tests.combinations import DEFAULT
from tests.dashboards import Watched
from tests.marks import AMONG, choose_folders
from tests.programs import check
from tests.prometheus import find
from tests.renders import NAME, PARTS, render

# Half an hour of a value every 15 seconds.
STEPS = 120
# Three minutes before the end.
LATELY = "x107"


def steady(value: int, growth: int = 0) -> str:
    """Return the values of half an hour."""
    return f"{value}+{growth}x{STEPS}"


# A service at work. Its past holds failures, and its probes are answered with 503.
WELL = {
    'up{job="api", instance="a"}': steady(1),
    'up{job="worker", instance="w"}': steady(1),
    'process_start_time_seconds{instance="a"}': f"1x60 2x{STEPS - 61}",
    'dependency_up{job="api", instance="a", dependency="broker"}': steady(1),
    'log_lines_lost_total{instance="a", reason="full"}': steady(5),
    'http_requests_total{instance="a", route="/v1/items", status="200"}': steady(0, 100),
    'http_requests_total{instance="a", route="/v1/items", status="500"}': steady(0, 1),
    'http_requests_total{instance="a", route="/health/ready", status="503"}': steady(0, 100),
    'http_request_duration_seconds_bucket{instance="a", le="0.5"}': steady(0, 100),
    'http_request_duration_seconds_bucket{instance="a", le="5"}': steady(0, 101),
    'http_request_duration_seconds_bucket{instance="a", le="+Inf"}': steady(0, 101),
    'job_runs_total{instance="w", name="tidy", outcome="done"}': steady(0, 1),
    'job_runs_total{instance="w", name="tidy", outcome="failed"}': steady(1),
    'job_late_seconds{instance="w", name="tidy"}': steady(200),
    'database_pool_timeouts_total{instance="a"}': steady(1),
    'messages_published_total{instance="a", topic="t", outcome="published"}': steady(0, 1),
    'messages_published_total{instance="a", topic="t", outcome="failed"}': steady(3),
    'outbox_oldest_age_seconds{instance="a"}': steady(1),
    'outbox_messages{instance="a", state="failed"}': steady(0),
    'outbox_topic_deferred_seconds{instance="a", topic="t", reason="unroutable"}': steady(9000),
    'subscription_lag_messages{instance="w", subscription="s"}': steady(10),
    'messages_handled_total{instance="w", subscription="s", outcome="handled"}': steady(0, 1),
    'subscription_paused{instance="w", subscription="s"}': steady(0),
    'subscription_dead_letters{instance="w", subscription="s"}': steady(0),
}
# What must happen for an alert, and that it fires.
FIRING = [
    ("InstanceDown", {'up{job="api", instance="b"}': steady(0)}),
    ("RestartsOften", {'process_start_time_seconds{instance="a"}': "1x90 2x8 3x8 4x20"}),
    (
        "DependencyDown",
        {'dependency_up{job="api", instance="b", dependency="broker"}': steady(0)},
    ),
    ("LogLinesLost", {'log_lines_lost_total{instance="a", reason="exit"}': f"_{LATELY} 5x12"}),
    ("LogLinesLost", {'log_lines_lost_total{instance="a", reason="full"}': f"5{LATELY} 9x12"}),
    ("ApiAbsent", {'up{job="api", instance="a"}': "1x60 stale"}),
    ("WorkerAbsent", {'up{job="worker", instance="w"}': "1x60 stale"}),
    (
        "ErrorRate",
        {'http_requests_total{instance="a", route="/v1/items", status="500"}': steady(0, 10)},
    ),
    ("Latency", {'http_request_duration_seconds_bucket{instance="a", le="0.5"}': steady(0, 50)}),
    (
        "JobFails",
        {'job_runs_total{instance="w", name="count", outcome="failed"}': f"_{LATELY} 1x12"},
    ),
    ("JobLate", {'job_late_seconds{instance="w", name="count"}': steady(301)}),
    ("PoolTimeouts", {'database_pool_timeouts_total{instance="a"}': f"1{LATELY} 2x12"}),
    (
        "PublishFails",
        {'messages_published_total{instance="a", topic="u", outcome="refused"}': f"_{LATELY} 1x12"},
    ),
    ("OutboxOld", {'outbox_oldest_age_seconds{instance="a"}': steady(0, 15)}),
    (
        "OutboxTopicDeferred",
        {
            'outbox_topic_deferred_seconds{instance="a", topic="t", reason="unavailable"}': steady(
                400
            )
        },
    ),
    ("OutboxRefused", {'outbox_messages{instance="a", state="failed"}': steady(1)}),
    (
        "ConsumerStuck",
        {'messages_handled_total{instance="w", subscription="s", outcome="handled"}': steady(9)},
    ),
    ("Lag", {'subscription_lag_messages{instance="w", subscription="s"}': steady(1001)}),
    ("SubscriptionPaused", {'subscription_paused{instance="w", subscription="s"}': steady(1)}),
    ("DeadLetters", {'subscription_dead_letters{instance="w", subscription="s"}': steady(1)}),
]


@pytest.fixture(scope="module")
def promtool() -> str:
    """Return the path of what checks the files of Prometheus; in CI it must be there."""
    return find("promtool")


def describe(name: str, changes: dict[str, str]) -> dict[str, object]:
    """Return a test of the rules in which only this alert fires, or none without a name."""
    series = WELL | changes
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1}] if name else []
    return {
        "name": name or "a service that is well",
        "interval": "15s",
        "input_series": [
            {"series": metric.replace("{", f'{{service="{NAME}", ', 1), "values": values}
            for metric, values in series.items()
        ],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "30m",
                "exp_samples": expected,
            }
        ],
    }


@pytest.mark.parametrize(
    ("name", "changes"), [("", {}), *FIRING], ids=["none", *(name for name, _ in FIRING)]
)
def test_this_alert_fires_and_no_other(
    name: str, changes: dict[str, str], promtool: str, tmp_path: Path
) -> None:
    rules = Watched(render(DEFAULT)).folder / "rules" / "alerts.yml"
    tests = {"rule_files": [str(rules)], "tests": [describe(name, changes)]}
    (tmp_path / "test.yml").write_text(json.dumps(tests), encoding="utf-8")
    check(promtool, "test", "rules", tmp_path / "test.yml")


def test_every_alert_is_made_to_fire() -> None:
    names = {rule["alert"] for rule in Watched(render(DEFAULT)).rules}
    assert names == {name for name, _ in FIRING}


@AMONG
def test_prometheus_accepts_its_configuration_and_the_rules(promtool: str, *, every: bool) -> None:
    for folder in choose_folders(PARTS["compose"], every=every):
        check(promtool, "check", "config", Watched(folder).folder / "prometheus.yml")


def test_prometheus_accepts_what_the_dashboards_ask(promtool: str, tmp_path: Path) -> None:
    asked = Watched(render(DEFAULT)).expressions
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(asked)]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    check(promtool, "check", "rules", path)
