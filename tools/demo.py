"""Render the default service, run it with no server at all, and show what it does."""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "demo"
HOST = "127.0.0.1"
USUAL_PORT = 8000
PATIENCE_SECONDS = 60.0
STOP_SECONDS = 40.0
# What the developer may have set, and would make the service look for a server.
HIDDEN = ("BROKER_URL", "DATABASE_URL", "REDIS_URL", "LOKI_URL", "LOG_FILE", "ENVIRONMENT")


class DemoError(RuntimeError):
    """The demo cannot go on; the message says why in one line."""


class Service:
    """The rendered service as a process, with the log lines that it has written."""

    def __init__(self, folder: Path, port: int) -> None:
        """Start the service on the port."""
        kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
        self.address = f"http://{HOST}:{port}"
        self.lines: list[str] = []
        self.shows_lines = False
        self._process = subprocess.Popen(
            [folder / ".venv/bin/python", "-m", "app.main"],
            cwd=folder,
            env={**kept, "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.lines.append(line.rstrip("\n"))
            if self.shows_lines:
                say(f"    {self.lines[-1]}")

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request and return the JSON of its answer; raises URLError without one."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self.address + path, data, headers)  # noqa: S310 - our own http
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - our own http
            return json.load(response)

    def wait_for(self, what: str, look: Callable[[], Any]) -> Any:
        """Return what `look` finds as soon as it finds something; raises DemoError."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                last = self.lines[-1] if self.lines else "it said nothing"
                raise DemoError(f"the service has stopped: {last}")
            with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                if found := look():
                    return found
            time.sleep(0.1)
        raise DemoError(f"{what}: not within {PATIENCE_SECONDS:g} seconds")

    def stay(self) -> None:
        """Show log lines until the service ends."""
        self.shows_lines = True
        self._process.wait()

    def stop(self) -> int:
        """Ask the service to stop, and return its exit status."""
        self._process.terminate()
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise DemoError(f"the service did not stop within {STOP_SECONDS:g} seconds") from None


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(command: list[str], folder: Path) -> None:
    """Run a command quietly; raises DemoError with its last line when it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it said nothing"]
        raise DemoError(f"`{' '.join(command)}` failed: {last[0]}")


def render() -> Path:
    """Render the default service into the demo's folder, in the place of an earlier one."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    run([sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input"], FOLDER)
    (folder,) = FOLDER.iterdir()
    return folder


def find_port() -> int:
    """Return the usual port when it is free, and another one otherwise."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise DemoError("no port is free")


def show(service: Service) -> None:
    """Create an item and show what comes of it."""
    service.wait_for("the service to be ready", lambda: service.ask("/health/ready"))
    say('\n  POST /v1/items {"name": "lamp"}')
    created = service.ask("/v1/items", {"name": "lamp"})
    say(f"    {json.dumps(created)}")
    say("\n  GET /v1/activities, which the service's own consumer writes:")
    recorded = service.wait_for("the event to be consumed", lambda: find_record(service))
    say(f"    {json.dumps(recorded)}")
    say("\n  Its log:")
    for line in service.lines:
        say(f"    {line}")


def find_record(service: Service) -> Any:
    """Return the activity that the consumer recorded for the item, or None yet."""
    activities = service.ask("/v1/activities")
    return next((each for each in activities if each["kind"] == "item.created"), None)


def demonstrate(*, once: bool) -> None:
    """Run the whole demo."""
    say("Rendering a service with the default answers ...")
    folder = render()
    say(f"Installing what it needs into {folder.relative_to(ROOT)}/.venv ...")
    run(["./just", "install"], folder)
    say("Starting it with no server at all: SQLite, and broker and cache in memory ...")
    service = Service(folder, find_port())
    try:
        show(service)
        if not once:
            say(f"\n  Try it: {service.address}/docs    Stop it: Ctrl-C\n")
            with suppress(KeyboardInterrupt):
                service.stay()
    finally:
        status = service.stop()
    if status != 0:
        raise DemoError(f"the service stopped with exit status {status}")
    say("\nDone: the service has stopped cleanly." if once else "\nStopped.")


def main() -> None:
    """Run the demo; exit with one line when something fails."""
    parser = argparse.ArgumentParser(prog="just demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="exit instead of staying")
    # The service must not outlive its demo, whoever ends it.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        demonstrate(once=parser.parse_args().once)
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
