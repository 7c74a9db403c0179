"""A container we started from an official image, published on loopback."""

import subprocess
from dataclasses import dataclass, field, replace

from tools.servers.ports import LOOPBACK

PULL_SECONDS = 600
COMMAND_SECONDS = 60
NEWEST = "newest"


@dataclass(frozen=True)
class Image:
    """How to run one server from its image.

    `{port}` stands for the published port, which a server of no port listens on itself, and
    `{password}` for the password that was made for it.
    """

    name: str
    port: int | None
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()

    def at(self, version: str) -> "Image":
        """Return the image of another version; the newest one has the name without a number."""
        place, _colon, tag = self.name.partition(":")
        flavour = tag.partition("-")[2]
        parts = [part for part in ("" if version == NEWEST else version, flavour) if part]
        return replace(self, name=f"{place}:{'-'.join(parts) or 'latest'}")


@dataclass(frozen=True)
class Container:
    """One container, known by its identifier."""

    identifier: str

    def alive(self) -> bool:
        """Tell whether the container runs."""
        inspect = _docker("inspect", "--format", "{{.State.Running}}", self.identifier)
        return inspect.stdout.strip() == "true"

    def start(self) -> None:
        """Start the stopped container again, with its data."""
        _docker("start", self.identifier, check=True)

    def stop(self) -> None:
        """Ask the server to end and wait."""
        _docker("stop", "--time", "30", self.identifier)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        _docker("kill", self.identifier)

    def pause(self) -> None:
        """Stop the server where it is: connections stay, answers do not."""
        _docker("pause", self.identifier, check=True)

    def resume(self) -> None:
        """Let it go on."""
        _docker("unpause", self.identifier, check=True)

    def remove(self) -> None:
        """Remove the container and its volumes."""
        _docker("rm", "--force", "--volumes", self.identifier)

    def execute(self, command: tuple[str, ...]) -> None:
        """Run a command inside the container."""
        _docker("exec", self.identifier, *command, check=True)

    def output(self) -> str:
        """Return what the server wrote."""
        logs = _docker("logs", self.identifier)
        return logs.stdout + logs.stderr

    def to_json(self) -> dict[str, str | int]:
        """Return what a later run needs to recognise the container."""
        return {"container": self.identifier}


def engine_answers() -> bool:
    """Tell whether a Docker engine can be used."""
    return _docker("info").returncode == 0


def has_image(image: Image) -> bool:
    """Tell whether the image is here or can be pulled."""
    if _docker("image", "inspect", image.name).returncode == 0:
        return True
    return _docker("pull", "--quiet", image.name, seconds=PULL_SECONDS).returncode == 0


def run(image: Image, *, port: int, password: str) -> Container:
    """Start a container of the image with its port published on loopback."""
    options = ["--detach", "--publish", f"{LOOPBACK}:{port}:{image.port or port}"]
    for name, value in image.environment.items():
        own = value.replace("{port}", str(port)).replace("{password}", password)
        options += ["--env", f"{name}={own}"]
    started = _docker("run", *options, image.name, *image.arguments, check=True)
    return Container(started.stdout.strip())


def _docker(
    *arguments: str, check: bool = False, seconds: int = COMMAND_SECONDS
) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except FileNotFoundError:
        done = subprocess.CompletedProcess(command, 127, "", "docker is not installed")
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(command, 124, "", f"no answer in {seconds} s")
    if check and done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OSError(f"docker {arguments[0]} failed: {reason}")
    return done
