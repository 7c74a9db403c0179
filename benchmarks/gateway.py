"""The gateway of Dev Talk: how much more CPU a request takes through it than at the service."""

import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import send
from benchmarks.messaging import find_servers
from benchmarks.rounds import measure_in_turns, report
from benchmarks.server import Server, running
from benchmarks.table import Goal, Row, Table
from tests import clients
from tests.processes import HOST, find_port
from tests.small_template import ROOT
from tools.system import build
from tools.system.environments import prepare

ROUNDS = 20
REQUESTS = 80
CONNECTIONS = 10
SYSTEM = ROOT / "examples" / "dev-talk" / "system.yml"
SERVE = ("-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log")
USER = {"username": "ann", "email": "ann@example.com", "password": "correct horse"}
PATH = "/api/profiles/ann"
MILLISECONDS = 1e3
AT_MOST = Goal(1.0, is_least=False)
BARE = {"LOOK_UP_REVOCATIONS": "false", "REQUESTS_PER_MINUTE": "0"}
DIRECT = "the service auth, asked directly for a profile, with a token"
WITHOUT = "through the gateway, without a token"
WITH = "through the gateway, with a token"
LOOKING = "the same, with a look at ended sessions and a limit, in Redis"


@dataclass(frozen=True)
class Way:
    """A server that is asked, and what is sent to it."""

    server: Server
    request: bytes
    rates: list[float] = field(default_factory=list)
    """Requests answered in a second, as measured so far; the client shares the CPUs."""

    def measure(self) -> float:
        """Return the CPU that this server, and no other, takes for a request."""
        before, began = self.server.cpu_seconds, time.monotonic()
        send(self.server.port, self.request, count=REQUESTS, connections=CONNECTIONS)
        self.rates.append(REQUESTS * CONNECTIONS / (time.monotonic() - began))
        return (self.server.cpu_seconds - before) / (REQUESTS * CONNECTIONS)


@contextmanager
def open_ways(folder: Path, redis: str) -> Iterator[Mapping[str, Way]]:
    """Start the service and gateways before it, each one process."""
    with ExitStack() as stack:

        def start(service: str, name: str, **variables: str) -> Server:
            port = find_port()
            command = (prepare(folder / service), *SERVE, "app.main:app")
            listen = ("--host", HOST, "--port", str(port))
            place, log = folder / service, folder / f"{name}.log"
            server = running(*command, *listen, port=port, folder=place, log=log, **variables)
            return stack.enter_context(server)

        auth = start("auth", "auth")
        address = f"http://{HOST}:{auth.port}"
        places = {
            "USERS_URL": address,
            "AUTH_JWKS_URL": f"{address}/.well-known/jwks.json",
            "AUTH_ISSUER": "dev-talk",
            "AUTH_AUDIENCE": "dev-talk",
        }
        gateway = start("gateway", "gateway", **places, **BARE)
        unlimited = {"REQUESTS_PER_MINUTE": "1000000000", "REDIS_URL": redis}
        looking = start("gateway", "looking", **places, **unlimited)
        token = register(auth.port)
        yield {
            DIRECT: Way(auth, make_request(token)),
            WITHOUT: Way(gateway, make_request()),
            WITH: Way(gateway, make_request(token)),
            LOOKING: Way(looking, make_request(token)),
        }


def register(port: int) -> str:
    """Register the user whose profile is read, and return a token."""
    answer = clients.send(port, "POST", "/api/users", {"user": USER})
    return str(answer.json["user"]["token"])


def make_request(token: str = "") -> bytes:
    """Return the bytes of a GET of the profile."""
    head = [f"GET {PATH} HTTP/1.1", f"Host: {HOST}", "Accept: application/json"]
    if token:
        head.append(f"Authorization: Token {token}")
    return "\r\n".join([*head, "", ""]).encode()


def run(rounds: int) -> Table:
    """Measure the ways in turn."""
    report("gateway: making the system and its environments")
    with tempfile.TemporaryDirectory() as place:
        folder = build(SYSTEM, Path(place), report)
        with open_ways(folder, find_servers("redis")["redis"]) as ways:
            measures = {name: way.measure for name, way in ways.items()}
            costs = measure_in_turns("gateway", measures, rounds)
            rates = {name: statistics.median(way.rates) for name, way in ways.items()}
    rows = []
    for name, cost in costs.items():
        milliseconds = statistics.median(cost) * MILLISECONDS
        goal = AT_MOST if name in {WITHOUT, WITH} else None
        more = 0.0 if name == DIRECT else milliseconds
        rows.append(Row(name, f"{milliseconds:.2f} ms, {rates[name]:,.0f} a second", more, goal))
    title = "CPU of the process that is asked"
    return Table(title, "a request, median", "milliseconds more than directly", rows)
