"""The metrics as text, for Prometheus."""

# {% if cookiecutter.interface != "worker" %}
import os
# {% endif %}
import secrets
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Metric, generate_latest
from prometheus_client.registry import Collector
from pydantic import SecretStr

# {% if cookiecutter.interface != "worker" %}
from app.core.process_metrics import collect_processes
# {% endif %}
from app.core.readings import READINGS
# {% if cookiecutter.interface != "worker" %}
from app.core.shared_metrics import VARIABLE
# {% endif %}

__all__ = ["CONTENT_TYPE_LATEST", "may_read", "write_metrics"]


def write_metrics() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(Everything())


def may_read(token: SecretStr | None, authorization: bytes) -> bool:
    """Tell whether an `authorization` header has the token that METRICS_TOKEN asks for."""
    if token is None:
        return True
    wanted = f"Bearer {token.get_secret_value()}".encode()
    # In constant time: how long it takes to refuse tells nothing about the token.
    return secrets.compare_digest(authorization, wanted)


class Everything(Collector):
    """What was counted, by all processes where they share it, and what this one has read."""

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once."""
        # {% if cookiecutter.interface == "worker" %}
        yield from REGISTRY.collect()
        # {% endif %}
        # {% if cookiecutter.interface != "worker" %}
        folder = os.environ.get(VARIABLE)
        yield from collect_processes(folder) if folder else REGISTRY.collect()
        # {% endif %}
        yield from READINGS.collect()
