"""The metrics of several gunicorn workers as those of one process."""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from prometheus_client import Metric, ProcessCollector
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector


def collect_processes(folder: str) -> Iterator[Metric]:
    """Yield what the workers have counted into the folder, and what the system says of them."""
    shared: Collector = MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]
    yield from shared.collect()
    yield from sum_up([os.getppid(), *find_workers(folder)])


def find_workers(folder: str) -> set[int]:
    """Return the workers that are alive: gunicorn deletes these files of the others."""
    names = (file.name for file in Path(folder).glob("gauge_live*_*.db"))
    return {int(match[1]) for name in names if (match := re.search(r"_(\d+)\.db$", name))}


def sum_up(processes: list[int]) -> list[Metric]:
    """Return the time, memory and open files of processes together."""
    totals: dict[str, Metric] = {}
    for process in processes:
        collector = ProcessCollector(pid=partial(int, process), registry=None)
        for metric in collector.collect():
            total = totals.setdefault(metric.name, metric)
            if total is metric:
                continue
            ours, theirs = total.samples[0], metric.samples[0]
            # The moment of the start is the first one's; everything else adds up.
            is_moment = metric.name == "process_start_time_seconds"
            value = min(ours.value, theirs.value) if is_moment else ours.value + theirs.value
            total.samples[0] = ours._replace(value=value)
    return list(totals.values())
