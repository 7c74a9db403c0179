"""Panels and pages as Grafana reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

WIDTH, HEIGHT = 24, 8
TAG = "service"
# By the dashboard of a trace, because visitors may not open Explore.
TRACE_LINK = "/d/service-trace?var-trace=${__value.raw}&var-service=${service}"


@dataclass(frozen=True)
class Query:
    """What a panel asks; without a legend Grafana names each line by its labels."""

    text: str
    legend: str = "__auto"


@dataclass(frozen=True)
class Panel:
    """A panel, by what it shows and how wide it is of 24."""

    title: str
    meaning: str
    queries: Sequence[Query]
    unit: str = "short"
    kind: str = "timeseries"
    source: str = "prometheus"
    width: int = 8
    extra: Mapping[str, Any] = field(default_factory=dict)

    def write(self, number: int, place: Json) -> Json:
        """Return it as Grafana reads it."""
        defaults: Json = {"unit": self.unit} if self.source == "prometheus" else {}
        if self.kind == "timeseries":
            defaults["min"] = 0
        panel: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.meaning,
            "datasource": {"type": self.source, "uid": self.source},
            "gridPos": place,
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "targets": [
                {"refId": chr(ord("A") + position), **self.ask(query)}
                for position, query in enumerate(self.queries)
            ],
        }
        return panel | dict(self.extra)

    def ask(self, query: Query) -> Json:
        """Return a query in the words of the source that it is for."""
        if self.source == "tempo":
            return {"queryType": "traceql", "query": query.text, "limit": 20, "tableType": "traces"}
        now = {"instant": True} if self.kind == "stat" else {}
        return {"expr": query.text, "legendFormat": query.legend, **now}


def logs(title: str, meaning: str, query: str) -> Panel:
    """Return a panel of log lines; each leads to its trace."""
    options = {"options": {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending"}}
    return Panel(
        title, meaning, [Query(query)], kind="logs", source="loki", width=24, extra=options
    )


def traces(title: str, meaning: str, query: str) -> Panel:
    """Return a list of traces; each id leads to its trace."""
    link = {"title": "The trace and its log lines", "url": TRACE_LINK}
    override = {
        "matcher": {"id": "byRegexp", "options": "/^trace ?id$/i"},
        "properties": [{"id": "links", "value": [link]}],
    }
    extra = {"fieldConfig": {"defaults": {}, "overrides": [override]}}
    return Panel(
        title, meaning, [Query(query)], kind="table", source="tempo", width=24, extra=extra
    )


def place_all(panels: Sequence[Panel]) -> list[Json]:
    """Return panels in rows, from the left to the right."""
    placed: list[Json] = []
    x = y = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > WIDTH:
            x, y = 0, y + HEIGHT
        placed.append(panel.write(number, {"x": x, "y": y, "w": panel.width, "h": HEIGHT}))
        x += panel.width
    return placed


def choose(name: str, query: str, *, several: bool = False) -> Json:
    """Return a variable that offers what Prometheus knows."""
    several_or_all = {"multi": True, "includeAll": True, "allValue": ".*"} if several else {}
    return {
        "name": name,
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "query": {"query": query, "refId": name},
        # When the range of time changes: processes come and go.
        "refresh": 2,
        "sort": 1,
    } | several_or_all


SERVICE = choose("service", "label_values(service_info, service)")
INSTANCE = choose("instance", 'label_values(up{service="$service"}, instance)', several=True)
TRACE = {"name": "trace", "type": "textbox", "label": "trace id", "query": ""}


def write_page(
    name: str, title: str, panels: Sequence[Panel], variables: Sequence[Json] = (SERVICE, INSTANCE)
) -> Json:
    """Return a dashboard, with links to the others that keep the service and the time."""
    return {
        "uid": f"service-{name}" if name != "service" else name,
        "title": title,
        "tags": [TAG],
        "editable": False,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": [TAG], "keepTime": True, "includeVars": True}],
        "templating": {"list": list(variables)},
        "panels": place_all(panels),
    }
