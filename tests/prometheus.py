"""A real Prometheus that watches processes of this machine, for a test."""

import json
import shutil
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen
from typing import Any

import yaml

from tests.dashboards import Watched
from tests.processes import HOST, find_port, wait_for
from tests.programs import miss

# So often it asks, and looks at the rules.
SECONDS = "500ms"


def find(name: str) -> str:
    """Return the path of a program of Prometheus; in CI it must be there."""
    found = shutil.which(name)
    if found is None:
        miss(f"{name} is not there: apt-get install prometheus")
    return found


class Prometheus:
    """What it has seen, by its API."""

    def __init__(self, port: int) -> None:
        """Ask the one at this port."""
        self._address = f"http://{HOST}:{port}"

    def ask(self, query: str) -> list[float]:
        """Return the values of a query now."""
        path = f"{self._address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(path, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
        return [float(each["value"][1]) for each in answer["data"]["result"]]

    def is_ready(self) -> bool:
        """Tell whether it answers queries."""
        with urllib.request.urlopen(f"{self._address}/-/ready", timeout=10) as response:
            return bool(response.status == 200)


@contextmanager
def watching(watched: Watched, folder: Path, ports: Mapping[str, int]) -> Iterator[Prometheus]:
    """Run it as the service's files say, but for where the processes are and how often it looks."""
    program, port = find("prometheus"), find_port()
    configuration = watched.read("prometheus.yml")
    configuration["global"] = {"scrape_interval": SECONDS, "evaluation_interval": SECONDS}
    configuration["scrape_configs"] = [
        {
            "job_name": job["job_name"],
            "static_configs": [{"targets": [f"{HOST}:{ports[job['job_name']]}"]}],
            "relabel_configs": job["relabel_configs"],
        }
        for job in configuration["scrape_configs"]
        if job["job_name"] in ports
    ]
    rules = watched.read("rules/alerts.yml")
    for group in rules["groups"]:
        group["rules"] = [{**rule, "for": "0s"} for rule in group["rules"]]
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "alerts.yml").write_text(yaml.safe_dump(rules))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    options = [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}",
        "--log.level=error",
    ]
    with (
        (folder / "log").open("wb") as log,
        Popen([program, *options], stdin=DEVNULL, stdout=log, stderr=STDOUT) as process,
    ):
        try:
            prometheus = Prometheus(port)
            wait_for(prometheus.is_ready, "Prometheus")
            yield prometheus
        finally:
            process.kill()
