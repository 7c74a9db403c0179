"""MariaDB, for everything that speaks to MySQL; commits survive a kill, not the loss of power."""

import os
from typing import ClassVar

from tools.servers import probes
from tools.servers.container import Image
from tools.servers.ports import LOOPBACK
from tools.servers.process import Process
from tools.servers.programs import program
from tools.servers.server import Server
from tools.servers.state import write_secret

OPTIONS = (
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-buffer-pool-size=64M",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    "--skip-name-resolve",
)
# What clients need who make databases of their own; neither files nor the server's settings.
RIGHTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, LOCK TABLES, PROCESS,"
    " CREATE TEMPORARY TABLES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE,"
    " EVENT, TRIGGER"
)
# The init file takes one statement a line.
SETUP = f"""\
CREATE DATABASE IF NOT EXISTS service;
CREATE USER IF NOT EXISTS 'service'@'%' IDENTIFIED BY '{{password}}';
GRANT {RIGHTS} ON *.* TO 'service'@'%';
CREATE USER IF NOT EXISTS 'admin'@'%' IDENTIFIED BY '{{password}}';
GRANT ALL PRIVILEGES ON *.* TO 'admin'@'%' WITH GRANT OPTION;
"""


# One that may come by TLS only, and one that must show a certificate.
SECURE = """\
CREATE USER IF NOT EXISTS 'secure'@'%' IDENTIFIED BY '{password}' REQUIRE SSL;
GRANT ALL PRIVILEGES ON service.* TO 'secure'@'%';
CREATE USER IF NOT EXISTS 'certified'@'%' IDENTIFIED BY '{password}' REQUIRE X509;
GRANT ALL PRIVILEGES ON service.* TO 'certified'@'%';
"""


class Mariadb(Server):
    """A MariaDB server with the user `service`, who makes databases, and one of every right."""

    name = "mariadb"
    variable = "TEST_MYSQL_URL"
    packages = ("mariadb-server",)
    oldest = "10.11"
    program = "mariadbd"
    options: ClassVar[tuple[str, ...]] = ()
    image = Image(
        "mariadb:11",
        3306,
        environment={"MARIADB_ROOT_PASSWORD": "{password}"},
        arguments=OPTIONS,
        setup=("mariadb", "--user=root", "--password={password}", f"--execute={SETUP}"),
    )

    @property
    def url(self) -> str:
        """Return the URL of the database `service`."""
        return f"mysql://service:{self.password}@{LOOPBACK}:{self.port}/service"

    @property
    def admin_url(self) -> str:
        """Return the URL of the one who may change the server too."""
        return f"mysql://admin:{self.password}@{LOOPBACK}:{self.port}/service"

    @classmethod
    def answers(cls, url: str) -> bool:
        """Wait for the greeting."""
        return probes.ask_mysql(url)

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the package unless the programs are there."""
        return () if program("mariadbd") and program("mariadb-install-db") else cls.packages

    def install(self) -> None:
        """Create the system tables and the statements for each start."""
        self.data.mkdir()
        self.make_tables()
        statements = (SETUP + SECURE).replace("{password}", self.password)
        write_secret(self.directory / "setup.sql", statements)

    def make_tables(self) -> None:
        """Create the system tables."""
        command = [self.find_program("mariadb-install-db"), "--no-defaults", "--skip-test-db"]
        command += ["--auth-root-authentication-method=normal", f"--datadir={self.data}"]
        self.run("mariadb-install-db", [*command, *_account()])

    def launch(self) -> list[Process]:
        """Start the server; its socket's path is relative because it may not be long."""
        place = [f"--datadir={self.data}", "--socket=server.sock", "--pid-file=server.pid"]
        place += [f"--bind-address={LOOPBACK}", f"--port={self.port}"]
        place += [f"--init-file={self.directory / 'setup.sql'}", *_account()]
        place += [f"--ssl-ca={self.certificates / 'ca.pem'}"]
        place += [f"--ssl-cert={self.certificates / 'server.pem'}"]
        place += [f"--ssl-key={self.certificates / 'server.key'}"]
        program = self.find_program(self.program)
        return [self.spawn([program, "--no-defaults", *place, *OPTIONS, *self.options])]


class Mysql(Mariadb):
    """A MySQL server with its maker's defaults, which lets nobody in without TLS."""

    packages = ("mysql-server-core",)
    program = "mysqld"
    options = ("--require-secure-transport=ON", "--mysqlx=OFF", "--secure-file-priv=NULL")
    oldest = "9"
    image = Image(
        "mysql:9",
        3306,
        environment={"MYSQL_ROOT_PASSWORD": "{password}"},
        arguments=("--require-secure-transport=ON",),
        setup=("mysql", "--user=root", "--password={password}", f"--execute={SETUP}"),
    )

    @property
    def url(self) -> str:
        """Return the URL of the database `service`."""
        return f"{super().url}?ssl-mode=REQUIRED"

    @property
    def admin_url(self) -> str:
        """Return the URL of the one who may change the server too."""
        return f"{super().admin_url}?ssl-mode=REQUIRED"

    def make_tables(self) -> None:
        """Create the system tables."""
        command = [self.find_program(self.program), "--no-defaults", "--initialize-insecure"]
        self.run("mysqld", [*command, f"--datadir={self.data}", *_account()])


def _account() -> list[str]:
    """Say that root is meant, which MariaDB does not take for granted."""
    return ["--user=root"] if os.geteuid() == 0 else []
