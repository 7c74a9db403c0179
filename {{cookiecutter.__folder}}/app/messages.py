"""What this service tells others and hears from them: its events and handlers, as a document."""

from typing import Any

from app.core.config import CoreSettings
from app.domain import events
# {% if cookiecutter.interface != "api" %}
from app.services.asyncapi import Receiver, build_document
# {% endif %}
# {% if cookiecutter.interface == "api" %}
from app.services.asyncapi import build_document
# {% endif %}
from app.services.topics import list_events
# {% if cookiecutter.interface != "api" %}
from app.tasks.consumer import consumer
# {% endif %}

# Not the events that tests declare.
OURS = f"{events.__name__.partition('.')[0]}."


def describe_messages(core: CoreSettings) -> dict[str, Any]:
    """Return the AsyncAPI document of the service."""
    known = [each for each in list_events() if each.__module__.startswith(OURS)]
    # {% if cookiecutter.interface != "api" %}
    receivers = [
        Receiver(
            name=each.name,
            event=each.event,
            purpose=each.handler.__doc__,
            group=None if each.is_broadcast else each.make_group(core.service.name).name,
        )
        for each in consumer.subscriptions
    ]
    return build_document(core.service, known, receivers)
    # {% endif %}
    # {% if cookiecutter.interface == "api" %}
    return build_document(core.service, known, [])
    # {% endif %}
