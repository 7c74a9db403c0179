"""Render the default service, run it with no server at all, and show what it does."""

import argparse
import json
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tools.showing import Service, ShowError, find_port, run, say

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "demo"
USUAL_PORT = 8000


def render() -> Path:
    """Render the default service into the demo's folder, in the place of an earlier one."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    run([sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input"], FOLDER)
    (folder,) = FOLDER.iterdir()
    return folder


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
    command: list[str | Path] = [folder / ".venv/bin/python", "-m", "app.main"]
    service = Service(folder, command, port=find_port(USUAL_PORT))
    try:
        show(service)
        if not once:
            say(f"\n  Try it: {service.address}/docs    Stop it: Ctrl-C\n")
            with suppress(KeyboardInterrupt):
                service.stay()
    finally:
        service.stop()
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
    except ShowError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
