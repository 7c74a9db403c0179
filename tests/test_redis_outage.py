"""A Redis that dies and comes back under load: misses, two log lines, and no request the worse."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients import create, crowded, send
from tests.combinations import DEFAULT
from tests.outages import private_server
from tests.processes import API, Process, find_port, running, wait_for
from tests.recipes import make_service
from tools.servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.servers]

# What the starter lets one address do in a minute.
RATE_LIMIT = 600
NEIGHBOUR = "203.0.113.7"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    with private_server("redis", tmp_path / "servers") as server:
        yield server


def list_messages(api: Process) -> list[str]:
    """List what the service said of Redis, and of its dependencies."""
    lines = [json.loads(line) for line in api.output.splitlines() if line.startswith("{")]
    messages = [line["message"] for line in lines]
    return [message for message in messages if message.startswith(("redis ", "dependency "))]


def test_a_redis_that_is_killed_costs_nothing_but_misses(redis: Server, tmp_path: Path) -> None:
    service = make_service(tmp_path / "service", DEFAULT)
    port = find_port()
    variables = {"REDIS_URL": redis.url, "PORT": str(port)}

    def ask_for_nothing(_: int) -> int:
        return send(port, "POST", "/v1/items", {}, x_forwarded_for=NEIGHBOUR).status

    with running(service, *API, log=tmp_path / "log", **variables) as api:
        wait_for(lambda: send(port, "GET", "/health/ready").status == 200, "readiness")
        item = create(port, "lamp").json
        path = f"/v1/items/{item['id']}"
        with crowded(port, "more") as crowd, ThreadPoolExecutor(4) as pool:
            wait_for(lambda: crowd.count(201) > 20, "items")
            redis.kill()
            assert set(pool.map(ask_for_nothing, range(RATE_LIMIT + 20))) == {422}
            assert send(port, "GET", path).json == item
            ready = send(port, "GET", "/health/ready")
            assert ready.status == 200
            assert ready.json["Cache"] != "ok"
            metrics = send(port, "GET", "/metrics").body.decode()
            assert 'dependency_up{dependency="Cache"} 0.0' in metrics
            redis.start()
            wait_for(lambda: "redis is back" in list_messages(api), "Redis")
            wait_for(lambda: send(port, "GET", "/health/ready").json["Cache"] == "ok", "the probe")
            before = crowd.count(201)
            wait_for(lambda: crowd.count(201) > before + 20, "items")
        assert {answer.status for answer in crowd.answers} == {200, 201}
        assert send(port, "GET", path).json == item
        assert sorted(list_messages(api)) == [
            "dependency answers again",
            "dependency does not answer",
            "redis is back",
            "redis is down, reading it as empty",
        ]
        assert api.stop() == 0
