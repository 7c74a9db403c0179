"""The Prometheus metrics of the service, declared in one place.

Labels have few values: names that the code gives and kinds of outcomes, never ids, paths or the
texts of errors, because each combination of them takes memory for ever.
"""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from app.core.readings import Reading

# A second series for each, which only another format than the usual one has a use for.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no types for it

SERVICE_INFO = Reading("service_info", "The service that runs.", ["name", "version"])
DEPENDENCY_UP = Gauge(
    "dependency_up",
    "Whether a dependency answered when it was last asked.",
    ["dependency"],
    multiprocess_mode="livemin",
)
LOG_LINES_LOST = Counter("log_lines_lost_total", "Log lines that did not arrive.", ["reason"])
# {% if cookiecutter.interface != "worker" %}

HTTP_REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
HTTP_SECONDS = Histogram("http_request_duration_seconds", "Time to answer.", ["method", "route"])
HTTP_IN_FLIGHT = Gauge(
    "http_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum"
)
HTTP_REFUSALS = Counter("http_requests_refused_total", "Requests that were too many at once.")
HTTP_STREAMS = Gauge(
    "http_streams_open", "Streams that are open.", ["kind"], multiprocess_mode="livesum"
)
HTTP_STREAMS_ENDED = Counter(
    "http_streams_ended_total", "Streams that have ended, by how.", ["kind", "outcome"]
)
# {% endif %}
# {% if cookiecutter.database != "none" %}

DATABASE_CONNECTIONS_USED = Gauge(
    "database_connections_used", "Connections in use.", multiprocess_mode="livesum"
)
DATABASE_CONNECTIONS_MAX = Gauge(
    "database_connections_max",
    "Connections that the processes may hold.",
    multiprocess_mode="livesum",
)
DATABASE_POOL_TIMEOUTS = Counter(
    "database_pool_timeouts_total", "Units of work that waited too long for a connection."
)
# {% endif %}
# {% if cookiecutter.cache == "redis" %}

CACHE_READS = Counter("cache_reads_total", "Values asked for, by hit or miss.", ["outcome"])
CACHE_OPERATIONS = Counter(
    "cache_operations_total", "Commands, by whether the server answered.", ["outcome"]
)
RATE_LIMIT_REFUSALS = Counter("rate_limit_refusals_total", "What came too often.")
# {% endif %}
# {% if cookiecutter.broker != "none" %}

MESSAGES_PUBLISHED = Counter(
    "messages_published_total", "Messages published, or not.", ["topic", "outcome"]
)
PUBLISH_SECONDS = Histogram(
    "message_publish_duration_seconds", "Time until the broker confirmed.", ["topic"]
)
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}

OUTBOX_MESSAGES = Reading("outbox_messages", "Messages in the outbox.", ["state"])
OUTBOX_AGE_SECONDS = Reading("outbox_oldest_age_seconds", "Age of the oldest one that waits.")
OUTBOX_DEFERRED_SECONDS = Reading(
    "outbox_topic_deferred_seconds", "For how long a topic has not been taken.", ["topic", "reason"]
)
OUTBOX_RELAYED = Counter("outbox_relayed_total", "Messages taken from the outbox.", ["outcome"])
OUTBOX_BATCH_SECONDS = Histogram("outbox_batch_duration_seconds", "Time to relay a batch.")
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}

MESSAGES_HANDLED = Counter(
    "messages_handled_total", "How attempts to handle ended.", ["subscription", "outcome"]
)
HANDLING_SECONDS = Histogram(
    "message_handling_duration_seconds",
    "Time that the handler took.",
    ["subscription"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
DEAD_LETTERS = Counter(
    "dead_letters_total", "Messages put aside since the start.", ["subscription", "reason"]
)
SUBSCRIPTION_PAUSED = Gauge(
    "subscription_paused",
    "Whether it waits for a server that does not answer.",
    ["subscription"],
    multiprocess_mode="livemax",
)
SUBSCRIPTION_LAG = Reading(
    "subscription_lag_messages", "Messages that wait to be handled.", ["subscription"]
)
SUBSCRIPTION_RETRYING = Reading(
    "subscription_retrying_messages", "Messages that wait for a later attempt.", ["subscription"]
)
SUBSCRIPTION_DEAD_LETTERS = Reading(
    "subscription_dead_letters", "Dead letters that nobody has dealt with.", ["subscription"]
)
# {% endif %}
# {% if cookiecutter.broker != "none" %}

MESSAGES_UNREADABLE = Counter(
    "messages_unreadable_total", "Records, or batches of them, that cannot be read.", ["topic"]
)
# {% endif %}
# {% if (cookiecutter.database != "none" or cookiecutter.cache == "redis") and cookiecutter.interface != "api" %}

JOB_RUNS = Counter("job_runs_total", "Runs of jobs.", ["name", "outcome"])
JOB_SECONDS = Histogram(
    "job_duration_seconds",
    "Time of a run.",
    ["name"],
    buckets=(0.1, 0.5, 1, 5, 10, 30, 60, 300, 900),
)
JOB_LATE_SECONDS = Reading("job_late_seconds", "For how long the next run has been due.", ["name"])
# {% endif %}
