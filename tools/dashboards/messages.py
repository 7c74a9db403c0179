"""What the dashboards of messages show."""

from tools.dashboards.panels import Panel, Query, traces
from tools.dashboards.queries import most, of, quantile, rate

MESSAGES = (
    Panel(
        "Published",
        "In a second, by topic and by what came of it.",
        [Query(rate("messages_published_total", by="topic, outcome"))],
    ),
    Panel(
        "Not published",
        "unroutable: nobody listens; unavailable: a topic that is refused now; refused: for good; "
        "failed: tried again.",
        [Query(rate("messages_published_total", 'outcome!="published"', by="topic, outcome"))],
    ),
    Panel(
        "Time to publish",
        "Until the broker confirmed, of 95 in a hundred at most.",
        [Query(quantile(0.95, "message_publish_duration_seconds", by="topic"))],
        unit="s",
    ),
    Panel(
        "Not readable",
        "In a second, by topic: what was received and the client could not decode.",
        [Query(rate("messages_unreadable_total", by="topic"))],
    ),
)

HANDLERS = (
    Panel(
        "Lag",
        "Messages ready to be handled.",
        [Query(most("subscription_lag_messages", by="subscription"))],
    ),
    Panel(
        "Dead letters",
        "Put aside and not yet dealt with: ./just dlq list",
        [Query(most("subscription_dead_letters", by="subscription"))],
    ),
    Panel(
        "Waiting for another attempt",
        "Messages whose handler failed, and that come again later.",
        [Query(most("subscription_retrying_messages", by="subscription"))],
    ),
    Panel(
        "Attempts",
        "In a second, by how they ended.",
        [Query(rate("messages_handled_total", by="outcome"))],
    ),
    Panel(
        "Attempts that failed",
        "In a second.",
        [
            Query(
                rate(
                    "messages_handled_total",
                    'outcome=~"failed|retried|dead"',
                    by="subscription, outcome",
                )
            )
        ],
    ),
    Panel(
        "New dead letters",
        "In a second, by why.",
        [Query(rate("dead_letters_total", by="subscription, reason"))],
    ),
    Panel(
        "Handled",
        "In a second.",
        [Query(rate("messages_handled_total", 'outcome="handled"', by="subscription"))],
    ),
    Panel(
        "Time to handle",
        "Of 95 in a hundred at most.",
        [Query(quantile(0.95, "message_handling_duration_seconds", by="subscription"))],
        unit="s",
    ),
    Panel(
        "Paused",
        "1 while a handler waits for a server that it needs.",
        [Query(most("subscription_paused", by="subscription"))],
    ),
    traces(
        "Messages that failed",
        "The newest ones.",
        '{resource.service.name="$service" && kind=consumer && status=error}',
    ),
)

OUTBOX = (
    Panel(
        "Oldest message",
        "For how long it has waited; above a few seconds the relay does not keep up.",
        [Query(f"max ({of('outbox_oldest_age_seconds')})", "age")],
        unit="s",
    ),
    Panel(
        "Messages",
        "waiting; put_off: of deferred topics; failed: refused for good, see ./just outbox",
        [Query(most("outbox_messages", by="state"))],
    ),
    Panel(
        "Deferred topics",
        "For how long the broker has not taken a topic; other topics pass.",
        [Query(most("outbox_topic_deferred_seconds", by="topic, reason"))],
        unit="s",
    ),
    Panel(
        "Relayed",
        "In a second, by what came of it.",
        [Query(rate("outbox_relayed_total", by="outcome"))],
    ),
    Panel(
        "Time of a batch",
        "Of 95 in a hundred at most.",
        [Query(quantile(0.95, "outbox_batch_duration_seconds"), "p95")],
        unit="s",
    ),
)
