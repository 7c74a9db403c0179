"""Where drills take place: servers of their own, and a rendered service for each database."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from drills.progress import report
from tests.combinations import choose
from tests.programs import check
from tests.recipes import make_service
from tests.small_template import ROOT
from tools.servers import KINDS, Server, attach, ensure, stop
from tools.servers.state import locked

FOLDER = ROOT / "build" / "drills"
OVERLAY = Path(__file__).parent / "served" / "overlay"
BROKERS = ("rabbitmq", "kafka")
# By the name of the server: the answer to the template's question.
DATABASES = {"postgresql": "postgresql", "mariadb": "mysql"}
# MariaDB lets who has every right write to a server that is read-only.
LOGINS = {"mariadb": "drill:drill"}
CREATIONS: dict[str, Callable[[str], list[str]]] = {
    "postgresql": lambda name: [f"CREATE DATABASE {name} OWNER service"],
    "mariadb": lambda name: [
        f"CREATE DATABASE {name}",
        "CREATE USER IF NOT EXISTS 'drill'@'%' IDENTIFIED BY 'drill'",
        f"GRANT ALL PRIVILEGES ON {name}.* TO 'drill'@'%'",
    ],
}
EXECUTE = """
import asyncio, sys
from tests.kit.database import execute
asyncio.run(execute(*sys.argv[1:]))
"""


class Grounds:
    """Servers and services that the drills of one run share."""

    def __init__(self, servers: dict[str, Server], services: dict[str, Path]) -> None:
        """Take what was started and made."""
        self.servers = servers
        self.services = services
        self._count = 0

    def name_next(self, drill: str) -> str:
        """Return a name that no other drill on these servers has."""
        self._count += 1
        return f"{drill.replace('-', '_')}_{self._count}"

    def make_database(self, server: str, name: str) -> str:
        """Create a database and return its URL."""
        self.execute(server, *CREATIONS[server](name))
        place = urlsplit(self.servers[server].url)
        login = LOGINS.get(server, place.netloc.rpartition("@")[0])
        netloc = f"{login}@{place.netloc.rpartition('@')[2]}"
        return place._replace(netloc=netloc, path=f"/{name}").geturl()

    def execute(self, server: str, *statements: str) -> None:
        """Run statements on a database server, with all rights."""
        service, url = self.services[server], self.servers[server].admin_url
        variable = f"TEST_{DATABASES[server].upper()}_URL"
        python = service / ".venv/bin/python"
        check(python, "-c", EXECUTE, *statements, cwd=service, **{variable: url})

    def repair(self) -> None:
        """Start what a drill has left dead."""
        for server in self.servers.values():
            if not (server.alive() and server.ready()):
                server.start()


@contextmanager
def open_grounds(broker: str, databases: list[str]) -> Iterator[Grounds]:
    """Start servers that nobody else uses and make the services; leave nothing running."""
    # Ours are killed: those of others, which variables may name, must not be.
    for kind in KINDS.values():
        os.environ.pop(kind.variable, None)
    names, place = [broker, *databases], FOLDER / broker
    home = place / "servers"
    with locked(place / "run.lock"):
        # What a run that was killed has left behind.
        stop(home=home)
        try:
            ensure(names, home=home, report=report)
            servers = {name: attach(name, home=home) for name in names}
            yield Grounds(servers, {name: make_orders(place, name) for name in databases})
        finally:
            stop(home=home)


def make_orders(place: Path, database: str) -> Path:
    """Render the service of the drills, with its team's files over the starter."""
    report(f"{database}: rendering the service")
    folder = place / f"service-{database}"
    shutil.rmtree(folder, ignore_errors=True)
    answers = choose(broker="both", database=DATABASES[database], cache="none", ci="none")
    service = make_service(folder, answers)
    shutil.copytree(OVERLAY, service, dirs_exist_ok=True)
    return service
