"""The scripts of a system make a database and a user for each service, on real servers."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

import pytest

from tests.programs import check, miss, run
from tests.small_template import ROOT
from tools.servers import ServerError, attach, find
from tools.system import System
from tools.system.databases import CREATORS, name_password

pytestmark = [pytest.mark.slow, pytest.mark.servers]

CLIENTS = {"postgres": "psql", "mysql": "mysql"}
SERVERS = {"postgres": "postgresql", "mysql": "mariadb"}


class Server:
    """A server with the script of a system of two services."""

    def __init__(self, name: str, url: SplitResult, folder: Path) -> None:
        self.name = name
        self.url = url
        begin = f"s{uuid4().hex[:8]}"
        answers = {"database": CREATORS[name].answer}
        services = [
            {"name": f"{begin}-{end}", "port": port, "answers": answers}
            for port, end in enumerate(("a", "ab"), start=8101)
        ]
        system = System.model_validate({"name": "shop", "services": services})
        self.one, self.other = system.services
        self.path = folder / f"{name}.sh"
        self.path.write_text(CREATORS[name].write_script(system))

    def make(self, password: str) -> None:
        """Run the script with one password for all."""
        given = {name_password(each): password for each in (self.one, self.other)}
        login = self.log_in(self.url.username, self.url.password, "service")
        check("sh", self.path, cwd=ROOT, **login, **given)

    def log_in(self, user: str | None, password: str | None, database: str) -> dict[str, str]:
        """Return the variables with which a client logs in."""
        where = {"HOST": str(self.url.hostname), "USER": str(user)}
        if self.name == "mysql":
            named = {f"MYSQL_{key}": value for key, value in where.items()}
            return {**named, "MYSQL_TCP_PORT": str(self.url.port), "MYSQL_PWD": str(password)}
        named = {f"PG{key}": value for key, value in where.items()}
        return {
            **named,
            "PGPORT": str(self.url.port),
            "PGPASSWORD": str(password),
            "PGDATABASE": database,
        }

    def ask(self, user: str, password: str, database: str, statement: str) -> bool:
        """Tell whether a user may run a statement in a database."""
        variables = self.log_in(user, password, database)
        if self.name == "mysql":
            who = (f"--host={self.url.hostname}", f"--user={user}", database)
            return run("mysql", *who, "--execute", statement, cwd=ROOT, **variables).returncode == 0
        return run("psql", "--quiet", "--command", statement, cwd=ROOT, **variables).returncode == 0

    def clean_up(self) -> None:
        """Delete what the script has made."""
        quote = '"' if self.name == "postgres" else "`"
        for each in (self.one, self.other):
            for kind in ("DATABASE", "USER"):
                name = f"{quote}{each.database}{quote}"
                who = (str(self.url.username), str(self.url.password), "service")
                self.ask(*who, f"DROP {kind} IF EXISTS {name}")


def find_admin(name: str) -> str:
    """Return the URL of a server for whoever may make users."""
    try:
        return attach(name).admin_url
    except ServerError:
        # It was named by a variable.
        return find()[name]


@pytest.fixture(params=CLIENTS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    name = str(request.param)
    if shutil.which(CLIENTS[name]) is None:
        miss(f"{CLIENTS[name]} is not there: install the client of the database")
    made = Server(name, urlsplit(find_admin(SERVERS[name])), tmp_path)
    try:
        yield made
    finally:
        made.clean_up()


def test_each_service_has_a_database_that_no_other_one_enters(server: Server) -> None:
    server.make("first")
    one, other = server.one.database, server.other.database
    assert server.ask(one, "first", one, "CREATE TABLE mine (id INTEGER)")
    assert not server.ask(one, "first", other, "SELECT 1")
    assert not server.ask(other, "first", one, "SELECT 1")
    assert not server.ask(one, "wrong", one, "SELECT 1")


def test_a_second_run_keeps_the_data_and_takes_a_new_password(server: Server) -> None:
    server.make("first")
    one = server.one.database
    assert server.ask(one, "first", one, "CREATE TABLE mine (id INTEGER)")
    server.make("second")
    assert server.ask(one, "second", one, "SELECT * FROM mine")
    assert not server.ask(one, "first", one, "SELECT * FROM mine")
