"""HTTP: what a request costs in the rendered service, in bare FastAPI and in a peer's service."""

import json
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import make_request, send
from benchmarks.peer import make_peer
from benchmarks.rounds import compare, measure_in_turns, report
from benchmarks.server import Server, running
from benchmarks.table import Goal, Row, Table
from tests.combinations import DEFAULT
from tests.processes import HOST, find_port
from tests.recipes import make_service
from tests.small_template import ROOT

# Many short rounds: a neighbour who works for a second spoils a few of them, not the median.
ROUNDS = 40
REQUESTS = 80
CONNECTIONS = 10
IDLE_SECONDS = 2.0
UVICORN = ("-m", "uvicorn", "--loop", "uvloop", "--http", "httptools")
QUIET = "--no-access-log"
FOLDER = ROOT / "build" / "benchmarks" / "http"
SERVED = Path(__file__).parent / "served"
COLLECTOR = ROOT / "tests" / "peers" / "collector.py"
BODY = json.dumps({"message": "The quick brown fox jumps over the lazy dog."}).encode()
OURS = "the default service: request id, trace, access log, metrics"
BARE = "bare FastAPI"
PEER = "s3rius/FastAPI-template's service: access log, metrics"
QUIET_PEER = "the same without its access log"
TRACED = "the default service, every request a span sent to a collector"
PARTLY_TRACED = "the same, one trace in ten recorded"
GOALS = {BARE: Goal(0.80, is_least=True), PEER: Goal(1.5, is_least=True)}


@dataclass(frozen=True)
class Contender:
    """A server and the path of the route that returns what it is sent."""

    server: Server
    path: str

    def measure(self) -> float:
        """Return the seconds of CPU that the server takes for a request."""
        before, started = self.server.cpu_seconds, time.monotonic()
        request = make_request(self.path, BODY)
        send(self.server.port, request, count=REQUESTS, connections=CONNECTIONS)
        used, elapsed = self.server.cpu_seconds - before, time.monotonic() - started
        return (used - self.server.idle * elapsed) / (REQUESTS * CONNECTIONS)


@contextmanager
def start_contenders() -> Iterator[dict[str, Contender]]:
    """Start the servers: each one process, of the same Python, with uvloop and httptools."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    ours = make_service(FOLDER / "ours", DEFAULT)
    shutil.copytree(SERVED / "overlay", ours, dirs_exist_ok=True)
    python = ours / ".venv/bin/python"
    peer, peer_python = make_peer(FOLDER)
    with ExitStack() as stack:

        def start(
            name: str, folder: Path, path: str, *command: str | Path, **variables: str
        ) -> Contender:
            port = find_port()
            log = FOLDER / f"{name}.log"
            listen = ("--host", HOST, "--port", str(port))
            server = running(*command, *listen, port=port, folder=folder, log=log, **variables)
            return Contender(stack.enter_context(server), path)

        def serve_ours(name: str, **variables: str) -> Contender:
            application = (python, *UVICORN, "app.main:app", QUIET)
            return start(name, ours, "/api/echo", *application, **variables)

        def serve_peer(name: str, *options: str) -> Contender:
            application = ("peer.web.application:get_app", "--factory", *options)
            return start(name, peer, "/api/echo/", peer_python, *UVICORN, *application)

        port, log = find_port(), FOLDER / "collector.log"
        command = (python, COLLECTOR, str(port))
        stack.enter_context(running(*command, port=port, folder=FOLDER, log=log))
        collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{port}"}
        yield {
            BARE: start("bare", SERVED, "/api/echo", python, *UVICORN, "bare:app", QUIET),
            OURS: serve_ours("ours"),
            TRACED: serve_ours("traced", **collector),
            PARTLY_TRACED: serve_ours("part", **collector, OTEL_TRACES_SAMPLER_ARG="0.1"),
            PEER: serve_peer("peer"),
            QUIET_PEER: serve_peer("quiet-peer", QUIET),
        }


def make_rows(costs: Mapping[str, Sequence[float]]) -> list[Row]:
    """Return a row for each server, with how many times its requests ours answers per CPU."""
    return [
        Row(
            what=name,
            cost=f"{statistics.median(cost) * 1e6:.0f} µs",
            ratio=compare(cost, costs[OURS]),
            goal=GOALS.get(name),
        )
        for name, cost in costs.items()
    ]


def run(rounds: int) -> Table:
    """Measure the servers in turn."""
    report("http: making the services and their environments")
    with start_contenders() as contenders:
        for name, contender in contenders.items():
            contender.server.watch_idle(IDLE_SECONDS)
            report(f"http: {contender.server.idle:.1%} of a core while idle, not counted: {name}")
        measures = {name: each.measure for name, each in contenders.items()}
        costs = measure_in_turns("http", measures, rounds)
    ratio = "the default service beside it, requests per CPU"
    return Table("HTTP, CPU per request", "median", ratio, make_rows(costs))
