"""What a system file must not say, found before anything is rendered."""

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from hooks.pre_gen_project import QUESTIONS, check_answer, check_combinations, check_name, quote
from tools.system.errors import SystemRefusedError
from tools.system.file import System, read_file

ASKED = [question for question in QUESTIONS if question != "service_name"]
# Users and databases that the servers have already, and a prefix that PostgreSQL keeps for itself.
TAKEN = {"service", "template0", "template1", "information_schema", "performance_schema"}
KEPT_PREFIX = "pg_"
LONGEST_USER = 32


def read(path: Path) -> System:
    """Read and check a system file; raises SystemRefusedError with the first mistake."""
    system = read_file(path)
    check(system, path)
    return system


def check(system: System, path: Path) -> None:
    """Refuse a system with a mistake; raises SystemRefusedError with the first one."""
    for find_mistakes in CHECKS:
        for sentence in find_mistakes(system, path.parent):
            raise SystemRefusedError(f"{path}: {sentence}")


def check_names(system: System, _: Path) -> Iterator[str]:
    """Yield the names that cannot be used."""
    for where, name in [("", system.name), *(("service ", each.name) for each in system.services)]:
        if refusal := check_name(name):
            yield f"{where}{refusal.replace('service_name', 'name', 1)}"
    for one, other in combinations(system.services, 2):
        if one.name == other.name:
            yield f"two services are named {one.name}: give each a name of its own."


def check_ports(system: System, _: Path) -> Iterator[str]:
    """Yield the ports that are taken twice."""
    for one, other in combinations(system.services, 2):
        if one.port == other.port:
            names = f"{one.name} and {other.name}"
            yield f"{names} both have port {one.port}: give each a port of its own."


def check_answers(system: System, _: Path) -> Iterator[str]:
    """Yield the answers that the template does not take."""
    for service in system.services:
        for question in service.given:
            if question == "service_name":
                yield f"service {service.name}: leave service_name out: its name is the answer."
            elif question not in ASKED:
                questions = ", ".join(ASKED)
                yield (
                    f"service {service.name}: {quote(question)} is no question: answer {questions}."
                )
        for question, answer in service.answers.items():
            if refusal := check_answer(question, answer):
                yield f"service {service.name}: {refusal}"
        if refusal := check_combinations(service.answers):
            yield f"service {service.name}: {refusal}"


def check_brokers(system: System, _: Path) -> Iterator[str]:
    """Yield two services that cannot hear each other."""
    users = {service.broker: service.name for service in reversed(system.services)}
    if {"rabbitmq", "kafka"} <= users.keys():
        yield (
            f"{users['rabbitmq']} is on rabbitmq and {users['kafka']} on kafka, so neither hears "
            "the other: choose one broker for both."
        )


def check_databases(system: System, _: Path) -> Iterator[str]:
    """Yield the services whose database could not be named like them."""
    for service in system.services:
        server = service.answers["database"]
        if server not in {"postgresql", "mysql"}:
            continue
        if service.database in TAKEN or service.database.startswith(KEPT_PREFIX):
            yield (
                f"service {service.name}: the database server keeps this name for itself: "
                "choose another."
            )
        if server == "mysql" and len(service.name) > LONGEST_USER:
            yield (
                f"service {service.name}: MySQL's users have at most {LONGEST_USER} characters: "
                "choose a shorter name."
            )


def check_overlays(system: System, home: Path) -> Iterator[str]:
    """Yield the overlays that are not there."""
    for service in system.services:
        for overlay in service.overlays:
            folder = home / overlay
            if not folder.is_dir() or home.resolve().is_relative_to(folder.resolve()):
                yield (
                    f"service {service.name}: the overlay {quote(overlay)} is no folder beside "
                    "the file: make it, or take it out."
                )


Check = Callable[[System, Path], Iterator[str]]
CHECKS: tuple[Check, ...] = (
    check_names,
    check_ports,
    check_answers,
    check_brokers,
    check_databases,
    check_overlays,
)
