"""Queries of metrics that are right for several processes and instances."""

# Probes and Prometheus itself ask more often than anybody else, at no cost to them.
REQUESTS = 'route!~"/health/.*|/metrics"'

CHOSEN = ('service="$service"', 'instance=~"$instance"')


def of(metric: str, *matchers: str) -> str:
    """Return a metric of the instances that were chosen."""
    every = ", ".join((*CHOSEN, *matchers))
    return f"{metric}{{{every}}}"


def rate(metric: str, *matchers: str, by: str = "") -> str:
    """Return how much a counter grows in a second, in all instances together."""
    together = f"sum by ({by})" if by else "sum"
    return f"{together} (rate({of(metric, *matchers)}[$__rate_interval]))"


def share(matcher: str, metric: str, *matchers: str) -> str:
    """Return which part of what a counter counts has a label."""
    return f"({rate(metric, *matchers, matcher)} or vector(0)) / {rate(metric, *matchers)}"


def quantile(part: float, histogram: str, *matchers: str, by: str = "") -> str:
    """Return what this part of all was at most, of the buckets of all instances together."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({part}, {rate(f'{histogram}_bucket', *matchers, by=labels)})"


def most(metric: str, *matchers: str, by: str) -> str:
    """Return what each process has measured of the same thing: the same, so the highest."""
    return f"max by ({by}) ({of(metric, *matchers)})"


def total(metric: str, *, by: str) -> str:
    """Return what the instances have together."""
    return f"sum by ({by}) ({of(metric)})"
