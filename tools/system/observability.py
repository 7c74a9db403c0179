"""One Prometheus and one Grafana for all services, made of what each is rendered with."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.system.compose import name_container
from tools.system.file import Service, System

FOLDER = "observability"
CONFIGURATION = "prometheus.yml"
HEADING = "# Made by `./just system`: which containers Prometheus asks, and what it warns of.\n"


def write_observability(system: System, folder: Path) -> None:
    """Write what watches the services that stand in a folder."""
    target = folder / FOLDER
    ours = shutil.ignore_patterns("RUNBOOK.md", "rules", CONFIGURATION)
    jobs: list[dict[str, Any]] = []
    for service in system.services:
        source = folder / service.name / "deploy" / "observability"
        shutil.copytree(source, target, ignore=ours, dirs_exist_ok=True)
        (target / "rules").mkdir(exist_ok=True)
        for path in (source / "rules").iterdir():
            # Rules name their service, so that those of all can stand side by side.
            shutil.copy2(path, target / "rules" / f"{service.name}-{path.name}")
        configuration = yaml.safe_load((source / CONFIGURATION).read_text(encoding="utf-8"))
        jobs += adapt_jobs(service, configuration["scrape_configs"])
    text = yaml.safe_dump({**configuration, "scrape_configs": jobs}, sort_keys=False)
    (target / CONFIGURATION).write_text(HEADING + text, encoding="utf-8")


def adapt_jobs(service: Service, jobs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield whom Prometheus asks for a service; no two jobs have one name, but one label."""
    for job in jobs:
        role = job["job_name"]
        name = name_container(service, role)
        label = {"target_label": "job", "replacement": role}
        yield {
            **job,
            "job_name": name,
            "dns_sd_configs": [{**each, "names": [name]} for each in job["dns_sd_configs"]],
            "relabel_configs": [*job["relabel_configs"], label],
        }
