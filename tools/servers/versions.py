"""Which versions are wanted: `newest`, `oldest`, `rabbitmq=4.3`, `redis=valkey`, and so on."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.servers.container import NEWEST
from tools.servers.kafka import Kafka
from tools.servers.mariadb import Mariadb, Mysql
from tools.servers.postgresql import Postgresql
from tools.servers.programs import ServerError
from tools.servers.rabbitmq import Rabbitmq
from tools.servers.redis import Redis, Valkey
from tools.servers.releases import OLDEST
from tools.servers.server import Server

KINDS: dict[str, type[Server]] = {
    kind.name: kind for kind in (Rabbitmq, Kafka, Postgresql, Mariadb, Redis)
}
NAMES = tuple(KINDS)
# Services know them by the name and the variable of the one that they stand for.
STANDING: dict[str, type[Server]] = {"mysql": Mysql, "valkey": Valkey}
VARIABLE = "SERVERS_VERSIONS"
BUILD = Path(__file__).resolve().parents[2] / "build"

Versions = Mapping[str, str]
"""The version that is wanted of each server; one that is not named is the machine's own."""


def read_versions(words: Iterable[str]) -> dict[str, str]:
    """Return what words ask for; the last one about a server wins.

    Raises ServerError, one sentence, for a server that there is none of.
    """
    versions: dict[str, str] = {}
    for word in words:
        if word in (OLDEST, NEWEST):
            versions |= dict.fromkeys(NAMES, word)
            continue
        name, _sign, version = word.partition("=")
        versions[find_kind(name).name] = version or NEWEST
        product = version.partition("-")[0]
        if product in STANDING and STANDING[product].name != name:
            raise ServerError(f"{word}: {product} does not stand for {name}")
    return versions


def list_words() -> list[str]:
    """Return the words of `SERVERS_VERSIONS`, which is how tests and drills are told."""
    return os.environ.get(VARIABLE, "").split()


def choose_home(words: Iterable[str]) -> Path:
    """Return where servers of these versions have their state and data: each has a place."""
    name = "-".join(["servers", *(word.replace("=", "-") for word in words)])
    return Path(os.environ.get("SERVERS_HOME") or BUILD / name).resolve()


def find_kind(name: str, wanted: str = "") -> type[Server]:
    """Return the server of a name, or the one that is wanted in its place."""
    if name not in KINDS:
        raise ServerError(f"{name}: no such server; choose from {', '.join(NAMES)}")
    return STANDING.get(wanted.partition("-")[0], KINDS[name])


def find_version(wanted: str) -> str:
    """Return the version in what is wanted, without the name of another server."""
    product, _dash, version = wanted.partition("-")
    return (version or NEWEST) if product in STANDING else wanted
