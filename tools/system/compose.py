"""One compose file for all services of a system, made of those that they are rendered with."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.system.databases import CREATORS, make_creator
from tools.system.errors import SystemRefusedError
from tools.system.file import Service, System

Part = dict[str, Any]
Documents = Mapping[str, Part]

HEADING = """\
# Made by `./just system`: change the system file and run it again. What is only for you goes into
# docker-compose.override.yml, which no run touches. Passwords stand in .env.
"""
ROLES = ("api", "worker", "migrator")
SERVERS = ("postgres", "mysql", "rabbitmq", "kafka", "redis")
BROKER_URLS = {
    "rabbitmq": "amqp://service:${RABBITMQ_PASSWORD:-service}@rabbitmq:5672/",
    "kafka": "kafka://kafka:19092",
}
# A service's port inside its container, by what it is reached for.
INNER_PORTS = {"api": 8000, "worker": 8001}
DEFAULT_PASSWORD = re.compile(r"\$\{(\w+_PASSWORD):-\w+\}")
HOST_PORT = re.compile(r"(?:\$\{\w+:-)?(\d+)\}?:\d+$")


def compose(system: System, folder: Path) -> Part:
    """Return the document for rendered services, which stand in a folder."""
    documents = {each.name: read_document(folder / each.name) for each in system.services}
    containers = {
        name_container(service, role): adapt(service, role, part, system)
        for service in system.services
        for role, part in documents[service.name]["services"].items()
        if role in ROLES
    }
    servers = dict(choose_servers(system, documents, containers))
    creators = {
        f"{name}_databases": make_creator(name, server["image"], system)
        for name, server in servers.items()
        if name in CREATORS
    }
    parts = dict(keep_awaited({**containers, **creators, **servers}))
    document = {
        "name": system.name,
        "include": ["observability/docker-compose.yml"],
        "services": demand_passwords(parts),
        "volumes": dict.fromkeys(list_volumes({**containers, **servers})),
    }
    check_ports(document["services"])
    return {key: value for key, value in document.items() if value}


def read_document(rendered: Path) -> Part:
    """Return the compose file of a service."""
    text = (rendered / "docker-compose.yml").read_text(encoding="utf-8")
    document: Part = yaml.safe_load(text)
    return document


def write(document: Part) -> str:
    """Return a document as text."""
    return HEADING + yaml.dump(document, Dumper=Dumper, sort_keys=False, width=200)


class Dumper(yaml.SafeDumper):
    """Writes the same thing twice where it stands twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - what PyYAML asks
        """Tell that nothing is written as a reference."""
        return True


def name_container(service: Service, role: str) -> str:
    """Name a container like its service, and what stands beside it after that.

    No name of a service has an underscore, so that no two can be the same.
    """
    return service.name if role == find_main(service) else f"{service.name}_{role}"


def find_main(service: Service) -> str:
    """Return what a service is reached for: its API, or how its worker is."""
    return "worker" if service.answers["interface"] == "worker" else "api"


def adapt(service: Service, role: str, rendered: Part, system: System) -> Part:
    """Return a container of a service as it stands among those of others."""
    part = {**rendered, "environment": list(adapt_environment(service, rendered, system))}
    if "build" in part:
        part["build"] = f"./{service.name}"
    if role == find_main(service):
        part["ports"] = [f"127.0.0.1:{service.port}:{INNER_PORTS[role]}"]
    if "depends_on" in part:
        part["depends_on"] = dict(adapt_dependencies(service, rendered["depends_on"], system))
    if "volumes" in part:
        part["volumes"] = [f"{service.name}-data:/data"]
    return part


def adapt_environment(service: Service, rendered: Part, system: System) -> Iterator[str]:
    """Yield the settings of a container, with a database of its own and the system's broker."""
    settings = dict(line.split("=", 1) for line in rendered["environment"])
    for creator in CREATORS.values():
        if creator.answer == service.answers["database"]:
            settings["DATABASE_URL"] = creator.write_url(service)
    if system.broker and service.has("broker"):
        settings["BROKER_URL"] = BROKER_URLS[system.broker]
    for name, value in service.environment.items():
        settings[name] = str(value).lower() if isinstance(value, bool) else str(value)
    for name, value in settings.items():
        yield f"{name}={value}"


def adapt_dependencies(
    service: Service, rendered: Part, system: System
) -> Iterator[tuple[str, Part]]:
    """Yield what a container waits for, under its name in the system."""
    for name, condition in rendered.items():
        if name in CREATORS:
            yield f"{name}_databases", {"condition": "service_completed_successfully"}
        elif name == "migrator":
            yield name_container(service, name), condition
        elif name not in BROKER_URLS or system.broker is None:
            yield name, condition
        elif name == system.broker:
            yield name, {"condition": "service_healthy"}


def choose_servers(
    system: System, documents: Documents, containers: Documents
) -> Iterator[tuple[str, Part]]:
    """Yield one of each kind of server that the settings of some container name."""
    for name in SERVERS:
        found = [part for each in documents.values() if (part := each["services"].get(name))]
        if not found or (name in BROKER_URLS and system.broker not in {None, name}):
            continue
        part = found[0]
        if name == system.broker:
            part = {key: value for key, value in part.items() if key != "profiles"}
        if name in CREATORS:
            part = {**part, "environment": CREATORS[name].environment}
        # With a profile it starts only when asked for.
        if "profiles" in part or is_named(name, containers):
            yield name, part


def is_named(server: str, containers: Documents) -> bool:
    """Tell whether a setting of a container is a URL of a server of the system."""
    address = re.compile(rf"[/@,]{server}(?=[:/,?}}]|$)")
    lines = (line for part in containers.values() for line in part["environment"])
    return any(address.search(line) for line in lines)


def keep_awaited(containers: Documents) -> Iterator[tuple[str, Part]]:
    """Yield containers that wait for nothing that is not there."""
    for name, part in containers.items():
        awaited = part.get("depends_on", {}).items()
        there = {each: condition for each, condition in awaited if each in containers}
        others = {key: value for key, value in part.items() if key != "depends_on"}
        yield name, {**others, "depends_on": there} if there else others


def list_volumes(containers: Mapping[str, Part]) -> list[str]:
    """Name the volumes that containers mount."""
    mounts = [mount for each in containers.values() for mount in each.get("volumes", [])]
    names = (mount.partition(":")[0] for mount in mounts)
    return list(dict.fromkeys(name for name in names if not name.startswith(".")))


def demand_passwords(part: Any) -> Any:
    """Return a part of the document in which no password has a default."""
    if isinstance(part, str):
        return DEFAULT_PASSWORD.sub(r"${\1:?}", part)
    if isinstance(part, list):
        return [demand_passwords(each) for each in part]
    if isinstance(part, dict):
        return {key: demand_passwords(value) for key, value in part.items()}
    return part


def check_ports(containers: Mapping[str, Part]) -> None:
    """Refuse a port that a service and a server both have."""
    published = [
        (match[1], name)
        for name, part in containers.items()
        for port in part.get("ports", [])
        if (match := HOST_PORT.search(port))
    ]
    for port, times in Counter(port for port, _ in published).items():
        if times > 1:
            names = " and ".join(name for taken, name in published if taken == port)
            raise SystemRefusedError(
                f"{names} both have port {port}: give the service another in the system file."
            )
