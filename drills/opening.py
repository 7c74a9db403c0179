"""Set the scene of a drill: a service with a database and topics of its own, at work."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from drills.catalogue import Drill
from drills.crew import Crew
from drills.grounds import FOLDER, Grounds
from drills.observer import Observer
from drills.proxy import Proxy
from drills.scene import Scene
from drills.verdicts import STEPS

GRACE_SECONDS = 10
APIS, WORKERS, API_PROCESSES = 1, 2, 2


def find_folder(drill: Drill, broker: str, database: str) -> Path:
    """Return where the logs of a drill are."""
    return FOLDER / "logs" / f"{drill.name}-{broker}-{database}"


@contextmanager
def open_scene(
    grounds: Grounds, drill: Drill, broker: str, database: str, messages: int
) -> Iterator[Scene]:
    """Start a service with a database and topics of its own; stop it at the end."""
    name = grounds.name_next(drill.name)
    folder = find_folder(drill, broker, database)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    server = grounds.servers[broker]
    # Kafka's clients go where its servers say that they are, past every proxy.
    proxy = Proxy(server.port) if drill.is_proxied and broker == "rabbitmq" else None
    place = grounds.make_database(database, name)
    variables = {
        "SERVICE_NAME": name,
        "DRILL": name,
        "DRILL_ATTEMPTS": str(folder / "attempts.jsonl"),
        "DATABASE_URL": place,
        "DATABASE_STATEMENT_SECONDS": "4",
        "GRACE_SECONDS": str(GRACE_SECONDS),
        "WORKERS": str(API_PROCESSES),
        **drill.variables,
    }
    behind = server.url.replace(f":{server.port}", f":{proxy.port}") if proxy else server.url
    crew = Crew(grounds.services[database], folder, {**variables, "BROKER_URL": behind})
    seen = {**variables, "BROKER_URL": server.url, "LOG_LEVEL": "ERROR"}
    observer = Observer(grounds.services[database], folder / "observer.log", seen)
    scene = Scene(
        title=f"{drill.name}, {broker}, {database}",
        orders=messages // len(STEPS),
        broker=server,
        database=grounds.servers[database],
        administer=partial(grounds.execute, database),
        proxy=proxy,
        crew=crew,
        observer=observer,
        folder=folder,
    )
    try:
        for role, count in {"api": APIS, "worker": WORKERS}.items():
            for _ in range(count):
                crew.hire(role)
        crew.wait()
        yield scene
    finally:
        scene.close()
        grounds.repair()
