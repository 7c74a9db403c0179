"""PostgreSQL, without fsync: it survives a kill, only not the loss of power."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

from tools.servers import probes
from tools.servers.container import Image
from tools.servers.ports import LOOPBACK
from tools.servers.process import Process
from tools.servers.releases import NOBODY
from tools.servers.server import Server
from tools.servers.state import write_secret

PROGRAMS = Path("usr/lib/postgresql")
ACCOUNT = "postgres"
LOGIN = "CREATE ROLE service LOGIN CREATEDB PASSWORD '{password}'"
DATABASE = "CREATE DATABASE service OWNER service"
SETUP = f"""\
{LOGIN};
{DATABASE};
CREATE ROLE secure LOGIN PASSWORD '{{password}}';
CREATE ROLE certified LOGIN;
"""
OPTIONS = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")


class Postgresql(Server):
    """A PostgreSQL server with the user `service`, who makes databases, and a superuser."""

    name = "postgresql"
    variable = "TEST_POSTGRESQL_URL"
    packages = ("postgresql",)
    program = "postgres"
    oldest = "15"
    account_in_root = NOBODY
    image = Image(
        "postgres:17-alpine",
        5432,
        environment={"POSTGRES_USER": "admin", "POSTGRES_PASSWORD": "{password}"},
        arguments=("postgres", *OPTIONS),
        setup=(
            "psql",
            "--username=admin",
            "--dbname=postgres",
            f"--command={LOGIN}",
            f"--command={DATABASE}",
        ),
    )

    @property
    def url(self) -> str:
        """Return the URL of the database `service`."""
        return f"postgresql://service:{self.password}@{LOOPBACK}:{self.port}/service"

    @property
    def admin_url(self) -> str:
        """Return the URL of the superuser."""
        return f"postgresql://admin:{self.password}@{LOOPBACK}:{self.port}/service"

    @classmethod
    def answers(cls, url: str) -> bool:
        """Open a session up to the question for the password."""
        return probes.ask_postgresql(url)

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the package unless the programs are there."""
        return () if _folder() else cls.packages

    def install(self) -> None:
        """Create the cluster, its users and its database."""
        self._place()
        secret = self.data.resolve() / "password"
        write_secret(secret, f"{self.password}\n")
        if os.geteuid() == 0:
            shutil.chown(secret, self._account)
        self._run(
            "initdb",
            "--username=admin",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            f"--pgdata={self._cluster}",
        )
        self._run(
            "postgres",
            "--single",
            "-D",
            self._cluster,
            "postgres",
            text=SETUP.replace("{password}", self.password),
        )
        self._write_security()

    def launch(self) -> list[Process]:
        """Start the server, on TCP only."""
        place = ["-D", self._cluster, "-h", LOOPBACK, "-p", str(self.port), "-k", ""]
        place += ["-c", "ssl=on", "-c", "ssl_ca_file=ca.pem"]
        # SIGINT is the fast shutdown: SIGTERM would wait for every client to leave.
        command = [*self._as_account(), self._program("postgres"), *place, *OPTIONS]
        return [self.spawn(command, stop_signal=signal.SIGINT)]

    def version_command(self) -> list[str]:
        """Return the command whose output names the version."""
        return [self._program(self.program), "--version"]

    def clean(self) -> None:
        """Delete the cluster, wherever it is."""
        if self.data.is_symlink():
            shutil.rmtree(self.data.resolve(), ignore_errors=True)
            self.data.unlink()
        super().clean()

    @property
    def _cluster(self) -> str:
        return str(self.data.resolve() / "cluster")

    def _place(self) -> None:
        """Create a folder for the account that PostgreSQL insists on, which root is not."""
        if os.geteuid() != 0:
            self.data.mkdir()
            return
        parents = self.directory.resolve().parents
        # In a root the parents are its own.
        if self.root is not None or all(folder.stat().st_mode & 0o001 for folder in parents):
            self.directory.chmod(0o755)
            self.data.mkdir()
        else:
            # The account cannot reach a checkout in root's home: the cluster lives elsewhere.
            self.data.symlink_to(tempfile.mkdtemp(prefix="servers-postgresql-", dir="/var/tmp"))
        self.data.resolve().chmod(0o700)
        shutil.chown(self.data.resolve(), self._account)

    def _write_security(self) -> None:
        """Put the certificates where the account can read them, and say who must use TLS."""
        cluster = Path(self._cluster)
        for source in ("ca.pem", "server.pem", "server.key"):
            target = cluster / source.replace(".pem", ".crt").replace("ca.crt", "ca.pem")
            shutil.copyfile(self.certificates / source, target)
            target.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(target, self._account)
        rules = cluster / "pg_hba.conf"
        first = (
            "hostssl all secure all scram-sha-256\n"
            "hostnossl all secure all reject\n"
            "hostssl all certified all cert map=names\n"
        )
        rules.write_text(first + rules.read_text())
        names = cluster / "pg_ident.conf"
        names.write_text("names service certified\n" + names.read_text())

    def _run(self, name: str, *arguments: str, text: str = "") -> None:
        self.run(name, [*self._as_account(), self._program(name), *arguments], text=text)

    def _program(self, name: str) -> str:
        folder = _folder() if self.root is None else _folder(self.root)
        if folder is not None and self.root is not None:
            folder = Path("/") / folder.relative_to(self.root)
        return self.find_program(name, str(folder))

    @property
    def _account(self) -> str | int:
        return ACCOUNT if self.root is None else NOBODY

    def _as_account(self) -> list[str]:
        """Return what comes before a command that PostgreSQL would not run as root."""
        if os.geteuid() != 0 or self.root is not None:
            return []
        # From the root folder: the account may not be able to read where we are.
        return [
            "env",
            "--chdir=/",
            "setpriv",
            f"--reuid={ACCOUNT}",
            f"--regid={ACCOUNT}",
            "--init-groups",
        ]


def _folder(root: Path = Path("/")) -> Path | None:
    """Return where Debian keeps the programs of the newest version."""
    programs = (root / PROGRAMS).glob("*/bin")
    versions = [folder for folder in programs if (folder / "initdb").exists()]
    if versions:
        return max(versions, key=lambda folder: int(folder.parent.name))
    found = shutil.which("initdb")
    return Path(found).parent if found else None
