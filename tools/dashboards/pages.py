"""What each dashboard shows; a service has those of the parts that it has."""

from collections.abc import Mapping, Sequence

from tools.dashboards.messages import HANDLERS, MESSAGES, OUTBOX
from tools.dashboards.panels import Panel, Query, logs, traces
from tools.dashboards.queries import REQUESTS, most, of, quantile, rate, share, total

ALERTS = 'ALERTS{service="$service", alertstate="firing"}'

SERVICE = (
    Panel(
        "Alerts",
        "How many fire. deploy/observability/RUNBOOK.md says what to do about each.",
        [Query(f"sum by (alertname) ({ALERTS})")],
        kind="stat",
        extra={"fieldConfig": {"defaults": {"noValue": "none"}, "overrides": []}},
    ),
    Panel(
        "Instances",
        "How many instances answer Prometheus, by what they run.",
        [Query('sum by (job) (up{service="$service"})')],
        kind="stat",
        width=5,
    ),
    Panel(
        "Releases",
        "Which versions run, and in how many instances.",
        [Query(f"count by (version) ({of('service_info')})")],
        kind="stat",
        width=5,
    ),
    Panel(
        "Restarts",
        "How often processes were started again within the time that is shown.",
        [Query(f"sum by (job) (changes({of('process_start_time_seconds')}[$__range]))")],
        kind="stat",
        width=6,
    ),
    Panel(
        "Dependencies",
        "1 is a server that answers; 0 is one that does not answer at least one process.",
        [Query(f"min by (dependency) ({of('dependency_up')})")],
    ),
    Panel(
        "CPU",
        "Cores in use. A process has one event loop: with one worker, 1 is all it can do.",
        [Query(rate("process_cpu_seconds_total", by="job, instance"))],
    ),
    Panel(
        "Memory",
        "What the processes hold.",
        [Query(total("process_resident_memory_bytes", by="job, instance"))],
        unit="bytes",
    ),
    Panel(
        "Open files",
        "Part of what the system allows; connections are files too.",
        [Query(f"max by (instance) ({of('process_open_fds')} / {of('process_max_fds')})")],
        unit="percentunit",
    ),
    Panel(
        "Log lines",
        "By level, in a second.",
        [Query('sum by (level) (rate({service="$service"}[$__auto]))')],
        source="loki",
    ),
    Panel(
        "Log lines lost",
        "By why they did not arrive, in a second.",
        [Query(rate("log_lines_lost_total", by="reason"))],
    ),
    logs(
        "Warnings and errors",
        "Open a line for the link to its trace.",
        '{service="$service", level=~"warning|error|critical"}',
    ),
    traces(
        "Traces that failed",
        "The newest ones.",
        '{resource.service.name="$service" && status=error}',
    ),
)

HTTP = (
    Panel("Requests", "In a second.", [Query(rate("http_requests_total", REQUESTS, by="route"))]),
    Panel(
        "Errors",
        "Part of the requests answered with a 5xx, which is ours, and with a 4xx, the caller's.",
        [
            Query(share('status=~"5.."', "http_requests_total", REQUESTS), "5xx"),
            Query(share('status=~"4.."', "http_requests_total", REQUESTS), "4xx"),
        ],
        unit="percentunit",
    ),
    Panel(
        "Errors by route",
        "Answers of 5xx in a second.",
        [Query(rate("http_requests_total", REQUESTS, 'status=~"5.."', by="route, status"))],
    ),
    Panel(
        "Time",
        "What half of the requests, 95 and 99 of a hundred take at most.",
        [
            Query(quantile(part, "http_request_duration_seconds", REQUESTS), f"p{part * 100:g}")
            for part in (0.5, 0.95, 0.99)
        ],
        unit="s",
    ),
    Panel(
        "Time by route",
        "What 95 of a hundred take at most.",
        [Query(quantile(0.95, "http_request_duration_seconds", REQUESTS, by="route"))],
        unit="s",
    ),
    Panel(
        "In flight",
        "Requests that are being answered; what only rises is a process that is stuck.",
        [Query(total("http_requests_in_flight", by="instance"))],
    ),
    Panel(
        "Refused",
        "Requests beyond CONCURRENT_REQUESTS, each second: add replicas, or find what is slow.",
        [Query(rate("http_requests_refused_total", by="instance"))],
    ),
    Panel(
        "Streams",
        "Server-sent events and WebSockets that are open, beside CONCURRENT_STREAMS.",
        [Query(total("http_streams_open", by="kind"))],
    ),
    Panel(
        "Streams that ended",
        "By how, each second: `refused` is more than CONCURRENT_STREAMS, `failed` is in the log.",
        [Query(rate("http_streams_ended_total", by="kind, outcome"))],
    ),
    logs(
        "Requests answered with a 5xx",
        "Open a line for the link to its trace.",
        '{service="$service"} | json | status >= 500',
    ),
    traces(
        "Slow requests",
        "Longer than half a second.",
        '{resource.service.name="$service" && kind=server && duration > 500ms}',
    ),
)

DATABASE = (
    Panel(
        "Connections",
        "Part of the pool in use; at 100 % work waits.",
        [
            Query(
                f"{total('database_connections_used', by='job, instance')}"
                f" / {total('database_connections_max', by='job, instance')}"
            )
        ],
        unit="percentunit",
    ),
    Panel(
        "Connections in use",
        "Of all processes together.",
        [Query(total("database_connections_used", by="job"))],
    ),
    Panel(
        "Waited in vain",
        "Units of work that got no connection, in a second.",
        [Query(rate("database_pool_timeouts_total", by="job"))],
    ),
)

CACHE = (
    Panel(
        "Hits",
        "Part of the values asked for that were there.",
        [Query(share('outcome="hit"', "cache_reads_total"), "hits")],
        unit="percentunit",
    ),
    Panel(
        "Commands",
        "In a second; skipped: the server is down, and nothing is asked of it.",
        [Query(rate("cache_operations_total", by="outcome"))],
    ),
    Panel(
        "Refused by rate limits",
        "In a second.",
        [Query(rate("rate_limit_refusals_total"), "refused")],
    ),
)

JOBS = (
    Panel("Runs", "In a second.", [Query(rate("job_runs_total", by="name, outcome"))]),
    Panel(
        "Runs that failed",
        "In a second.",
        [Query(rate("job_runs_total", 'outcome="failed"', by="name"))],
    ),
    Panel(
        "Time of a run",
        "Of 95 in a hundred at most.",
        [Query(quantile(0.95, "job_duration_seconds", by="name"))],
        unit="s",
    ),
    Panel(
        "Late",
        "For how long the next run has been due; `./just jobs` shows why.",
        [Query(most("job_late_seconds", by="name"))],
        unit="s",
    ),
)

TRACE = (
    Panel(
        "Trace",
        "By the id above, which log lines have.",
        [Query("$trace")],
        kind="traces",
        source="tempo",
        width=24,
    ),
    logs("Its log lines", "Of every service.", '{service=~".+"} |= "$trace"'),
)

PAGES: Mapping[str, tuple[str, Sequence[Panel]]] = {
    "service": ("Service", SERVICE),
    "http": ("HTTP", HTTP),
    "messages": ("Messages sent", MESSAGES),
    "handlers": ("Messages handled", HANDLERS),
    "outbox": ("Outbox", OUTBOX),
    "database": ("Database", DATABASE),
    "cache": ("Cache", CACHE),
    "jobs": ("Jobs", JOBS),
    "trace": ("One trace", TRACE),
}
"""The title of each dashboard and what it shows, by the name of its file."""
