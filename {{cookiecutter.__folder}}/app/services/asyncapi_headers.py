"""The headers of messages in the AsyncAPI document: those that each broker carries."""

from typing import Any

from app.utils.envelope import ATTEMPT_HEADER, SPEC_VERSION, STATE_HEADER

# The schemas of headers, and what the binding of CloudEvents puts before the names of attributes.
PREFIXES = {
    # {% if cookiecutter.broker in ("both", "rabbitmq") %}
    "RabbitMQHeaders": "cloudEvents:",
    # {% endif %}
    # {% if cookiecutter.broker in ("both", "kafka") %}
    "KafkaHeaders": "ce_",
    # {% endif %}
}


def describe_headers(name: str) -> dict[str, Any]:
    """Return the headers of every message: CloudEvents attributes, and the trace."""
    text = {"type": "string"}
    attributes = {
        "specversion": {**text, "const": SPEC_VERSION},
        "id": {**text, "description": "The same whenever the message is delivered again."},
        "type": {**text, "description": "The topic."},
        "source": {**text, "description": "The service that sends it."},
        "time": {**text, "format": "date-time"},
        "partitionkey": {**text, "description": "What the order of related events depends on."},
    }
    prefix = PREFIXES[name]
    return {
        "type": "object",
        "properties": {
            **{f"{prefix}{attribute}": schema for attribute, schema in attributes.items()},
            "traceparent": {**text, "description": "The trace that it belongs to (W3C)."},
            STATE_HEADER: {**text, "description": "What other systems say of it (W3C)."},
            ATTEMPT_HEADER: {**text, "description": "Which attempt to handle it comes next."},
        },
        "required": [f"{prefix}{name}" for name in ("specversion", "id", "type", "source")],
    }
