"""The system file: which services there are, with their answers, ports and overlays."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from hooks.pre_gen_project import quote
from tools.new import TEMPLATE
from tools.system.errors import SystemRefusedError
from tools.system.yaml_file import read_yaml

DEFAULTS: dict[str, Any] = {
    question: default[0] if isinstance(default, list) else default
    for question, default in json.loads(
        (TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8")
    ).items()
    if not question.startswith("_")
}
# What the scheme of a broker's URL says, and what `./just servers` calls other servers.
BROKERS = {"amqp": "rabbitmq", "amqps": "rabbitmq", "kafka": "kafka", "kafkas": "kafka"}
SERVERS = {"postgresql": "postgresql", "mysql": "mariadb", "redis": "redis"}
WANTED = {
    "name": 'a name such as "tasks"',
    "services": "a list of services, each with a name and a port",
    "port": "a number from 1 to 65535 that no other service has",
    "answers": "answers as `question: answer`",
    "overlays": "a list of folders beside the file",
    "environment": "settings as `NAME: value`",
}


Variable = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]


class Part(BaseModel):
    """A part of the file, which has no other keys and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Service(Part):
    """One service of the system."""

    name: str
    port: int = Field(ge=1, le=65535)
    """Where it is reached from outside: its API, or how its worker is."""
    given: dict[str, JsonValue] = Field(default_factory=dict, alias="answers")
    overlays: list[str] = Field(default_factory=list)
    environment: dict[Variable, str | int | float | bool] = Field(default_factory=dict)
    """Settings of its containers, beside the URLs of servers."""

    @property
    def answers(self) -> dict[str, Any]:
        """The answer to every question of the template."""
        return {**DEFAULTS, **self.given, "service_name": self.name}

    @property
    def variable(self) -> str:
        """What names of variables that are its own begin with."""
        return self.name.upper().replace("-", "_")

    @property
    def database(self) -> str:
        """The name of its database, and of the user that owns it."""
        return self.name.replace("-", "_")

    @property
    def broker(self) -> str:
        """Its broker: by its answer or, where that allows both, by the URL in its settings."""
        answer = str(self.answers["broker"])
        scheme = str(self.environment.get("BROKER_URL", "")).partition(":")[0]
        return BROKERS.get(scheme, answer) if answer == "both" else answer

    def has(self, question: str) -> bool:
        """Tell whether it uses what the question asks for."""
        return bool(self.answers[question] != "none")


class System(Part):
    """The services of one system."""

    name: str
    services: list[Service] = Field(min_length=1)

    @property
    def broker(self) -> str | None:
        """The broker that all of them talk over, or None where a URL chooses."""
        chosen = {service.broker for service in self.services}
        return next(iter(chosen & {"rabbitmq", "kafka"}), None)

    def list_servers(self, broker: str) -> list[str]:
        """Name the servers that it uses on a broker, and no others; raises SystemRefusedError."""
        if self.broker not in {None, broker}:
            raise SystemRefusedError(f"{self.name} is on {self.broker}: leave {broker} out.")
        brokers = [broker for service in self.services if service.has("broker")]
        others = [
            SERVERS[answer]
            for question in ("database", "cache")
            for service in self.services
            if (answer := service.answers[question]) in SERVERS
        ]
        return list(dict.fromkeys([*brokers, *others]))


def read_file(path: Path) -> System:
    """Read the form of a system file; raises SystemRefusedError."""
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise SystemRefusedError(f"{path} is no system file: write name and services into it.")
    try:
        return System.model_validate(data)
    except ValidationError as error:
        raise SystemRefusedError(f"{path}: {describe(error, data)}.") from error


def describe(error: ValidationError, data: dict[str, Any]) -> str:
    """Say in a few words what is wrong first, where, and what to write."""
    first = error.errors(include_url=False)[0]
    path = list(first["loc"])
    where = ""
    if path[0] == "services" and len(path) > 1:
        number = int(path[1])
        entry = data["services"][number]
        name = entry.get("name") if isinstance(entry, dict) else None
        where = f"service {name or number + 1}: "
        path = path[2:] or ["services"]
    field = str(path[0])
    if first["type"] == "extra_forbidden":
        keys = list_keys(Service if where else System)
        return f"{where}{quote(field)} is not known: write {', '.join(keys)}"
    if first["type"] == "missing":
        return f"{where}{field} is missing: write {WANTED[field]}"
    return f"{where}{'.'.join(map(str, path[:2]))} cannot be read: write {WANTED[field]}"


def list_keys(part: type[Part]) -> list[str]:
    """List the keys that a part of the file may have."""
    return [field.alias or name for name, field in part.model_fields.items()]
