"""Where drills take place: servers of their own, and a rendered service for each database."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from drills.progress import report
from tests.combinations import choose
from tests.programs import check
from tests.recipes import make_service
from tests.small_template import ROOT
from tools.servers import Server, attach, ensure, stop
from tools.servers.fleet import KINDS
from tools.servers.state import locked

FOLDER = ROOT / "build" / "drills"
HOME = FOLDER / "servers"
OVERLAY = Path(__file__).parent / "served" / "overlay"
BROKERS = ("rabbitmq", "kafka")
# By the name of the server: the answer to the template's question.
DATABASES = {"postgresql": "postgresql", "mariadb": "mysql"}
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
        service, url = self.services[server], self.servers[server].url
        variable = f"TEST_{DATABASES[server].upper()}_URL"
        python = service / ".venv/bin/python"
        statement = f"CREATE DATABASE {name}"
        check(python, "-c", EXECUTE, statement, cwd=service, **{variable: url})
        return urlsplit(url)._replace(path=f"/{name}").geturl()

    def repair(self) -> None:
        """Start what a drill has left dead."""
        for server in self.servers.values():
            if not (server.alive() and server.ready()):
                server.start()


@contextmanager
def open_grounds(brokers: list[str], databases: list[str]) -> Iterator[Grounds]:
    """Start servers that nobody else uses and make the services; leave nothing running."""
    # Ours are killed: those of others, which variables may name, must not be.
    for kind in KINDS.values():
        os.environ.pop(kind.variable, None)
    names = [*brokers, *databases]
    with locked(FOLDER / "run.lock"):
        # What a run that was killed has left behind.
        stop(home=HOME)
        try:
            ensure(names, home=HOME, report=report)
            servers = {name: attach(name, home=HOME) for name in names}
            yield Grounds(servers, {name: make_orders(name) for name in databases})
        finally:
            stop(home=HOME)


def make_orders(database: str) -> Path:
    """Render the service of the drills, with its team's files over the starter."""
    report(f"{database}: rendering the service")
    folder = FOLDER / f"service-{database}"
    shutil.rmtree(folder, ignore_errors=True)
    answers = choose(broker="both", database=DATABASES[database], cache="none", ci="none")
    service = make_service(folder, answers)
    shutil.copytree(OVERLAY, service, dirs_exist_ok=True)
    return service
