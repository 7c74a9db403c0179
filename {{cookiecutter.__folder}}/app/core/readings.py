"""Numbers that are measured now and then, or that something else counts, as metrics."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

READINGS = CollectorRegistry()
"""What a process says for all, because each of them would read the same."""


class Reading(Collector):
    """A gauge that is absent until it is set, and again when nobody knows its value."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str] = ()) -> None:
        """Declare it; every process shows what it has read itself."""
        self.values: dict[tuple[str, ...], float] = {}
        self._describe = (name, documentation, None, labels)
        READINGS.register(self)

    def set(self, value: float, *labels: str) -> None:
        """Show a value for these labels."""
        self.values[labels] = value

    def forget(self, *labels: str) -> None:
        """Show nothing for these labels: no value is better than an old one."""
        self.values.pop(labels, None)

    def describe(self) -> Iterator[Metric]:
        """Yield the metric without values."""
        yield GaugeMetricFamily(*self._describe)

    def collect(self) -> Iterator[Metric]:
        """Yield the metric with the values that are known."""
        family = GaugeMetricFamily(*self._describe)
        for labels, value in list(self.values.items()):
            family.add_metric(labels, value)
        yield family


def show_zeros(counter: Counter, *labels: Iterable[str]) -> None:
    """Let a counter be 0 before anything was counted, for all these values of its labels.

    A series that begins with 1 has never grown: Prometheus would not see the first failure.
    """
    for values in product(*labels):
        counter.labels(*values)


class Follower:
    """Lets a metric catch up with what something else counts by its only label."""

    def __init__(
        self, counter: Counter, count: Callable[[], Mapping[str, int]], labels: Iterable[str]
    ) -> None:
        """Ask `count` for the totals so far; the metric begins with 0 for these labels."""
        show_zeros(counter, labels)
        self._counter = counter
        self._count = count
        self._seen: dict[str, int] = {}

    def catch_up(self) -> None:
        """Count what has been added since the last time."""
        for label, total in self._count().items():
            self._counter.labels(label).inc(max(0, total - self._seen.get(label, 0)))
            self._seen[label] = total
