"""Connect a rendered service to a server by a URL, as its commands do, and return what it says."""

import json
import shutil
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from threading import Thread
from typing import Any

from tests.programs import check, miss
from tools.servers import Server, ServerError, attach
from tools.servers.ports import LOOPBACK, free_port
from tools.servers.process import spawn
from tools.servers.programs import required

# How many bytes clients send to ask for TLS.
MYSQL_QUESTION, POSTGRESQL_QUESTION = 36, 8
PROBE = """
import asyncio, json, logging, os, sys
from app import lifespan, resources
from app.commands.doctor import examine
from app.core.config import load_core_settings
from app.core.errors import StartupError
from app.database import open_database

async def fetch_broker_token(settings):
    head = "eyJhbGciOiJub25lIn0"
    import base64, time
    now = int(time.time())
    claims = json.dumps({"sub": "service", "iat": now, "exp": now + 600}).encode()
    return f"{head}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}."

async def connect(variable, url):
    os.environ[variable] = url
    try:
        core = load_core_settings()
        if variable == "DATABASE_URL":
            return await examine(open_database(core.database, connections=1))
        if variable == "BROKER_URL":
            return await examine(lifespan.open_broker(core))
        return await examine(lifespan.open_cache(core))
    except StartupError as error:
        return str(error)
    finally:
        del os.environ[variable]

async def main():
    cases = json.load(sys.stdin)
    print(json.dumps([await connect(*case) for case in cases]))

resources.fetch_broker_token = fetch_broker_token
logging.disable(logging.CRITICAL)
asyncio.run(main())
"""


def connect(service: Path, *cases: tuple[str, str]) -> list[str]:
    """Return for each variable and URL `ok`, or the sentence that the service says."""
    probe = f"import io, sys\nsys.stdin = io.StringIO({json.dumps(json.dumps(cases))})\n{PROBE}"
    answers: list[str] = json.loads(check(service / ".venv/bin/python", "-c", probe, cwd=service))
    return answers


def attach_secure(name: str) -> Server:
    """Return a server that also listens by TLS; skip, elsewhere than in CI, where there is none."""
    try:
        server = attach(name)
        found = bool(server.ports) or not server.listeners
    except ServerError:
        found = False
    if not found or server.in_docker or not (server.certificates / "complete").exists():
        miss(f"{name} with TLS is not there: `./just servers` starts it from packages")
    return server


@contextmanager
def expired(certificates: Path, greeting: bytes = b"", answer: bytes = b"") -> Iterator[int]:
    """Yield the port of a server whose certificate has expired, as far as clients ask for that.

    Servers of databases say something before TLS begins: a greeting, or an answer to a question.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "expired.pem", certificates / "expired.key")
    listener = create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with plain:
                plain.sendall(greeting)
                try:
                    if greeting or answer:
                        # Not a byte more: what follows is TLS.
                        plain.recv(MYSQL_QUESTION if greeting else POSTGRESQL_QUESTION)
                        plain.sendall(answer)
                    context.wrap_socket(plain, server_side=True).close()
                except OSError:
                    continue

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # An accept that waits ends by this alone.
        listener.shutdown(2)
        listener.close()
        thread.join()


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[int]:
    """Yield the port of a Redis of the test's own."""
    port = free_port()
    program = shutil.which("redis-server") or required("redis-server")
    command = [program, "--bind", LOOPBACK, "--port", str(port), "--dir", str(folder)]
    process = spawn([*command, "--save", "", *options], log=folder / f"{port}.log")
    try:
        yield port
    finally:
        process.stop()


def fill(url: str, places: Mapping[str, Any]) -> str:
    """Return a URL with ports and folders in their places."""
    for name, value in places.items():
        url = url.replace(f"<{name}>", str(value))
    return url
