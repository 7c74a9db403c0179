"""Metrics of several processes: counters add up, gauges are of those that live."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from app.core import shared_metrics
from app.core.errors import SettingsError
from app.core.process_metrics import collect_processes, find_workers
from app.core.shared_metrics import VARIABLE, forget_process, remove_metrics

ROOT = Path(__file__).parents[1]
SERVE = """
import os
from app.core.http_metrics import begin_request, observe_request
begin_request()
observe_request("GET", "/lamps", 200, 0.1)
begin_request()
print(os.getpid(), flush=True)
input()
"""


class Processes(CollectorRegistry):
    """What the processes that share a folder have counted."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.serving: list[subprocess.Popen[str]] = []

    def start(self) -> int:
        """Start a process that has answered one request and is at the next; return its id."""
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            cwd=ROOT,
            env={**os.environ, VARIABLE: str(self.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.serving.append(process)
        assert process.stdout
        return int(process.stdout.readline())

    def read(self, name: str, **labels: str) -> float | None:
        for metric in collect_processes(str(self.folder)):
            for sample in metric.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    processes = Processes(tmp_path)
    yield processes
    for process in processes.serving:
        process.communicate()


def test_counters_add_up_and_outlive_a_process(processes: Processes) -> None:
    labels = {"method": "GET", "route": "/lamps", "status": "200"}
    first = processes.start()
    processes.start()
    assert processes.read("http_requests_total", **labels) == 2
    forget_process(first)
    assert processes.read("http_requests_total", **labels) == 2


def test_a_failure_that_no_process_has_met_is_0(processes: Processes) -> None:
    labels = {"method": "GET", "route": "/lamps", "status": "500"}
    for _ in range(2):
        processes.start()
    assert processes.read("http_requests_total", **labels) == 0


def test_gauges_are_of_those_that_live(processes: Processes) -> None:
    first = processes.start()
    second = processes.start()
    assert processes.read("http_requests_in_flight") == 2
    forget_process(first)
    assert processes.read("http_requests_in_flight") == 1
    assert find_workers(str(processes.folder)) == {second}


def test_memory_is_that_of_all(processes: Processes) -> None:
    processes.start()
    one = processes.read("process_resident_memory_bytes") or 0
    processes.start()
    assert (processes.read("process_resident_memory_bytes") or 0) > one


class TestFolder:
    """Each gunicorn makes a folder of its own, and deletes it."""

    @pytest.fixture(autouse=True)
    def fresh(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(VARIABLE, "")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        # As in a gunicorn that has just started.
        importlib.reload(shared_metrics)

    def test_settings_that_are_read_again_keep_it(self) -> None:
        folder = shared_metrics.share_metrics()
        assert shared_metrics.share_metrics() == folder == os.environ[VARIABLE]

    def test_it_is_gone_at_the_end(self) -> None:
        folder = Path(shared_metrics.share_metrics())
        assert folder.is_dir()
        remove_metrics()
        assert not folder.exists()

    def test_without_a_place_for_it_the_start_fails_in_one_sentence(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", "/nowhere")
        with pytest.raises(SettingsError, match=r"^TMPDIR: metrics of several WORKERS need a fold"):
            shared_metrics.share_metrics()
