"""PostgreSQL, without fsync: it survives a kill, only not the loss of power."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tools.servers import probes
from tools.servers.container import Image
from tools.servers.ports import LOOPBACK
from tools.servers.process import Process, spawn
from tools.servers.server import Server, ServerError, required

PROGRAMS = Path("/usr/lib/postgresql")
ACCOUNT = "postgres"
OPTIONS = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")


class Postgresql(Server):
    """A PostgreSQL server with the superuser and the database `service`."""

    name = "postgresql"
    variable = "TEST_POSTGRESQL_URL"
    packages = ("postgresql",)
    image = Image(
        "postgres:17-alpine",
        5432,
        environment={"POSTGRES_USER": "service", "POSTGRES_PASSWORD": "service"},
        arguments=("postgres", *OPTIONS),
    )

    @property
    def url(self) -> str:
        """Return the URL of the database `service`."""
        return f"postgresql://service:service@{LOOPBACK}:{self.port}/service"

    @classmethod
    def answers(cls, url: str) -> bool:
        """Open a session up to the question for the password."""
        return probes.ask_postgresql(url)

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the package unless the programs are there."""
        return () if _folder() else cls.packages

    def install(self) -> None:
        """Create the cluster, its superuser and its database."""
        self._place()
        secret = self.data.resolve() / "password"
        secret.write_text("service\n")
        secret.chmod(0o644)
        self._run(
            "initdb",
            "--username=service",
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
            text="CREATE DATABASE service;\n",
        )

    def launch(self) -> list[Process]:
        """Start the server, on TCP only."""
        place = ["-D", self._cluster, "-h", LOOPBACK, "-p", str(self.port), "-k", ""]
        # SIGINT is the fast shutdown: SIGTERM would wait for every client to leave.
        command = [*_as_account(), self._program("postgres"), *place, *OPTIONS]
        return [spawn(command, log=self.log, stop_signal=signal.SIGINT)]

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
        if all(folder.stat().st_mode & 0o001 for folder in self.directory.resolve().parents):
            self.directory.chmod(0o755)
            self.data.mkdir()
        else:
            # The account cannot reach a checkout in root's home: the cluster lives elsewhere.
            self.data.symlink_to(tempfile.mkdtemp(prefix="servers-postgresql-", dir="/var/tmp"))
        self.data.resolve().chmod(0o755)
        shutil.chown(self.data.resolve(), ACCOUNT)

    def _run(self, name: str, *arguments: str, text: str = "") -> None:
        command = [*_as_account(), self._program(name), *arguments]
        with self.log.open("a") as log:
            done = subprocess.run(
                command, input=text, text=True, stdout=log, stderr=log, check=False
            )
        if done.returncode != 0:
            raise ServerError(f"{self.name}: {name} failed, see {self.log}")

    def _program(self, name: str) -> str:
        return required(name, str(_folder()))


def _as_account() -> list[str]:
    if os.geteuid() != 0:
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


def _folder() -> Path | None:
    """Return where Debian keeps the programs of the newest version."""
    versions = [folder for folder in PROGRAMS.glob("*/bin") if (folder / "initdb").exists()]
    if versions:
        return max(versions, key=lambda folder: int(folder.parent.name))
    found = shutil.which("initdb")
    return Path(found).parent if found else None
