"""The sample system Tasks: an API and a worker over a broker and PostgreSQL."""

import json
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tools.servers import ensure
from tools.showing import Service, find_port, run, say
from tools.system import build, read
from tools.system.environments import prepare

ROOT = Path(__file__).parents[2]
SYSTEM = ROOT / "examples" / "tasks" / "system.yml"
DATABASE = "tasks_worker"
API = ("-m", "gunicorn", "-c", "app/core/gunicorn_config.py", "app.main:app")
WORKER = ("-m", "app.worker_main")
MIGRATE = ("-m", "alembic", "upgrade", "heads")
# Some seconds of work.
PRIMES = {"kind": "primes", "parameters": {"limit": 1_000_000_000}}
CREATE = """
import asyncio, sys
import asyncpg

async def main(place, name):
    connection = await asyncpg.connect(place)
    if not await connection.fetch("SELECT 1 FROM pg_database WHERE datname = $1", name):
        await connection.execute(f"CREATE DATABASE {name}")

asyncio.run(main(*sys.argv[1:]))
"""


def show(*, broker: str = "rabbitmq", once: bool) -> None:
    """Make the system, start it, and show a task that goes through it."""
    folder = build(SYSTEM, say=say)
    api, worker = folder / "tasks-api", folder / "tasks-worker"
    servers = read(SYSTEM).list_servers(broker)
    say(f"Finding or starting {' and '.join(servers)} ...")
    urls = ensure(servers, report=say)
    place = urlsplit(urls["postgresql"])._replace(path=f"/{DATABASE}").geturl()
    variables = {"BROKER_URL": urls[broker], "DATABASE_URL": place, "WORKERS": "1"}
    python = prepare(worker)
    say("Creating the worker's database, and its tables ...")
    run([python, "-c", CREATE, urls["postgresql"], DATABASE], worker)
    run([python, *MIGRATE], worker, **variables)
    say("Starting the worker and the API ...")
    with ExitStack() as stack:
        health = str(find_port(8001))
        services = [
            Service(worker, [python, *WORKER], port=0, WORKER_HEALTH_PORT=health, **variables),
            Service(api, [prepare(api), *API], port=find_port(8000), **variables),
        ]
        for service in services:
            stack.callback(service.stop)
        show_task(services[1])
        if not once:
            stay(services)
    say("\nDone: both have stopped cleanly." if once else "\nStopped.")


def show_task(api: Service) -> None:
    """Create a task, start it, and watch it until it has a result."""
    api.wait_for("an answer of the worker", lambda: api.ask("/v1/computations"))
    say(f"\n  POST /v1/tasks {json.dumps(PRIMES)}")
    path = f"/v1/tasks/{api.wait_for('the task', lambda: api.ask('/v1/tasks', PRIMES))['number']}"
    say(f"    201, Location: {path}")
    say(f"\n  POST {path}/start")
    started = api.wait_for("its start", lambda: api.ask(f"{path}/start", method="POST"))
    say(f"    202, {started['status']}")
    say(f"\n  GET {path}/progress, as server-sent events:")
    for task in api.listen(f"{path}/progress"):
        say(f"    {task['status']}, {task['progress']:.0%}")
    say(f"\n  GET {path}")
    say(f"    {json.dumps(api.ask(path))}")


def stay(services: list[Service]) -> None:
    """Show what is logged, until Ctrl-C."""
    api = services[-1]
    say(f"\n  Try it: {api.address}/docs    Stop it: Ctrl-C\n")
    for service in services:
        service.shows_lines = True
    with suppress(KeyboardInterrupt):
        api.stay()
