"""What every server has in common: how it is installed, started, asked and stopped."""

import re
import secrets
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from tools.servers import state
from tools.servers.certificates import FOLDER
from tools.servers.container import Container, Image, run
from tools.servers.ports import free_port
from tools.servers.process import Process, spawn
from tools.servers.programs import ServerError, required
from tools.servers.releases import OLDEST, choose_release, enter, unpack

READY_SECONDS = 180.0
ROOT_FOLDERS = ("/usr/bin", "/usr/sbin")

Unit = Process | Container


class Server(ABC):
    """One server of the tests: a container, or processes on files of their own."""

    name: ClassVar[str]
    variable: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    program: ClassVar[str]
    """The one whose `--version` names the version."""
    listeners: ClassVar[tuple[str, ...]] = ()
    """What it listens on beside its port: TLS, and other ways to log in; a container does not."""
    image: ClassVar[Image]
    oldest: ClassVar[str]
    """The oldest series that services are tested with."""
    account_in_root: ClassVar[int] = 0

    def __init__(self, home: Path, *, in_docker: bool = False) -> None:
        self.home = home
        self.directory = home / self.name
        self.data = self.directory / "data"
        self.log = self.directory / "server.log"
        self.in_docker = in_docker
        self.wanted = self.version = ""
        """What was asked for and which one that is; this machine's own when it is empty."""
        self.root: Path | None = None
        """Where the programs of that version are unpacked."""
        self.port = 0
        self.ports: dict[str, int] = {}
        self.certificates = (home / FOLDER).resolve()
        self.units: list[Unit] = []

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the URL that clients connect to."""

    @property
    def admin_url(self) -> str:
        """Return the URL with every right, where that of clients has fewer."""
        return self.url

    @property
    def password(self) -> str:
        """Return the password of its logins, made for each server anew."""
        # Servers that were started before there was such a file have this one.
        return self._secret.read_text() if self._secret.exists() else "service"

    @property
    def _secret(self) -> Path:
        return self.directory / "password"

    @classmethod
    @abstractmethod
    def answers(cls, url: str) -> bool:
        """Ask the server at the URL in its own protocol; raise OSError when there is none."""

    @classmethod
    def choose_image(cls, wanted: str) -> Image:
        """Return the image of a version."""
        version = cls.oldest if wanted == OLDEST else wanted
        return cls.image.at(version) if version else cls.image

    @classmethod
    def lacks(cls, wanted: str) -> tuple[str, ...]:
        """Return the packages to install for a version: none where it is unpacked."""
        return () if wanted else cls.missing()

    def take_version(self, wanted: str, folder: Path) -> None:
        """Use the programs of another version, unpacked in a folder; nothing is installed."""
        release = choose_release(self.packages[0], wanted, folder)
        self.version = release.version
        self.root = unpack(release, folder)

    @classmethod
    @abstractmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the Debian packages that this machine lacks."""

    @abstractmethod
    def install(self) -> None:
        """Create the files of a new, empty server."""

    @abstractmethod
    def launch(self) -> list[Process]:
        """Start the processes of the server."""

    def prepare(self) -> None:
        """Make ready for the first start, with nothing left of an earlier server."""
        self.port = free_port()
        self.ports = {} if self.in_docker else {name: free_port() for name in self.listeners}
        self.directory.mkdir(parents=True, exist_ok=True)
        state.write_secret(self._secret, secrets.token_hex(16))
        self.log.unlink(missing_ok=True)
        self.clean()
        if not self.in_docker:
            self.install()

    def start(self) -> None:
        """Start the server on its data and wait until it is ready."""
        self.stop()
        if not self.in_docker:
            self.units = [*self.launch()]
        elif not self.units:
            image = self.choose_image(self.version)
            self.units = [run(image, port=self.port, password=self.password)]
        else:
            for container in self._containers():
                container.start()
        self.save()
        self.wait()

    def wait(self) -> None:
        """Wait until the server answers; raise when it ends or takes too long."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            if not self.alive():
                raise ServerError(f"{self.name}: it ended while starting, see {self.read_log()}")
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self.name}: not ready after {READY_SECONDS:.0f} s, see {self.read_log()}"
                )
            time.sleep(0.1)

    def ready(self) -> bool:
        """Tell whether the server answers."""
        return responds(type(self), self.url)

    def alive(self) -> bool:
        """Tell whether everything we started still runs."""
        return bool(self.units) and all(unit.alive() for unit in self.units)

    def stop(self) -> None:
        """Stop the server and keep its data."""
        for unit in reversed(self.units):
            unit.stop()

    def kill(self) -> None:
        """End the server at once, as a crash would, and keep its data."""
        for unit in reversed(self.units):
            unit.kill()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the server from answering during the block, without closing its connections."""
        for unit in self.units:
            unit.pause()
        try:
            yield
        finally:
            for unit in self.units:
                unit.resume()

    def remove(self) -> None:
        """Stop the server and forget its data; the log stays."""
        self.stop()
        for unit in self.units:
            unit.remove()
        self.units = []
        self.clean()
        state.write(self.home, self.name, None)

    def clean(self) -> None:
        """Delete the data."""
        shutil.rmtree(self.data, ignore_errors=True)

    def save(self) -> None:
        """Remember the server for later runs."""
        units = [unit.to_json() for unit in self.units]
        pid = next((unit.pid for unit in self.units if isinstance(unit, Process)), None)
        record: state.Record = {"pid": pid, "port": self.port, "ports": self.ports}
        record |= {"url": self.url, "in_docker": self.in_docker, "units": units}
        record |= {"wanted": self.wanted, "version": self.version, "root": str(self.root or "")}
        state.write(self.home, self.name, record)

    def load(self, record: state.Record) -> None:
        """Take up a server that an earlier run started."""
        self.port = int(record["port"])
        self.ports = dict(record.get("ports", {}))
        self.in_docker = bool(record["in_docker"])
        self.wanted, self.version = record.get("wanted", ""), record.get("version", "")
        self.root = Path(record["root"]) if record.get("root") else None
        self.units = [
            Container(unit["container"]) if "container" in unit else Process(**unit)
            for unit in record["units"]
        ]

    def read_log(self) -> Path:
        """Return the path of the log, written now when the server is a container."""
        output = [container.output() for container in self._containers()]
        if output:
            self.log.write_text("".join(output))
        return self.log

    def set_up(self) -> None:
        """Finish what an image leaves open; processes did it when they were installed."""
        for container in self._containers():
            if self.image.setup:
                setup = (each.replace("{password}", self.password) for each in self.image.setup)
                container.execute(tuple(setup))

    def _containers(self) -> list[Container]:
        return [unit for unit in self.units if isinstance(unit, Container)]

    def find_program(self, name: str, *folders: str) -> str:
        """Find a program of the server: in its root, if it has one, or on this machine."""
        if self.root is None:
            return required(name, *folders)
        for folder in (*folders, *ROOT_FOLDERS):
            if (self.root / folder.lstrip("/") / name).exists():
                return f"{folder}/{name}"
        raise ServerError(f"{self.name}: {self.root} has no program {name}")

    def version_command(self) -> list[str]:
        """Return the command whose output names the version."""
        return [self.find_program(self.program), "--version"]

    def read_version(self) -> str:
        """Return the version that the server's program says it is."""
        if self.in_docker:
            return self.choose_image(self.version).name.partition(":")[2]
        command = self.place(self.version_command())
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found = re.search(r"\d+(?:\.\d+)+", said)
        return found[0] if found else "unknown"

    def spawn(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stop_signal: int = signal.SIGTERM,
    ) -> Process:
        """Start one process of the server, logging to its log."""
        return spawn(
            self.place(command), log=self.log, environment=environment, stop_signal=stop_signal
        )

    def run(self, title: str, command: Sequence[str], *, text: str = "") -> None:
        """Run a program to its end, logging to the server's log; raise when it fails."""
        with self.log.open("a") as log:
            done = subprocess.run(
                self.place(command), input=text, text=True, stdout=log, stderr=log, check=False
            )
        if done.returncode != 0:
            raise ServerError(f"{self.name}: {title} failed, see {self.log}")

    def place(self, command: Sequence[str]) -> list[str]:
        """Return a command as it is run here: in the root of its version, if there is one."""
        if self.root is None:
            return list(command)
        places = (self.directory, self.certificates)
        return enter(self.root, command, places=places, account=self.account_in_root)


def responds(kind: type[Server], url: str) -> bool:
    """Tell whether a server of the kind answers at the URL, whatever goes wrong."""
    try:
        return kind.answers(url)
    except (OSError, ValueError):
        return False
