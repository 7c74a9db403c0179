"""A database that dies under load: 503, never a 500, a hang or half a write."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.clients import Answer, create, crowded, list_names, send
from tests.combinations import choose
from tests.outages import DIALECTS, Dialect, holding, private_server, query
from tests.processes import API, Process, find_port, running, wait_for
from tests.recipes import make_service
from tools.servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.servers]

# Above the two seconds of a readiness probe.
REQUEST_SECONDS = 3
# Far more than leaving a connection that answers no more takes, far less than its clients wait.
LONGEST_SECONDS = 5 * REQUEST_SECONDS
TABLES = ("items", "kept_answers", "outbox")
LIMITS = {"REQUEST_SECONDS": str(REQUEST_SECONDS), "DATABASE_STATEMENT_SECONDS": "10"}


@dataclass(frozen=True)
class Place:
    """A service, and a database server that nobody else uses."""

    service: Path
    server: Server
    dialect: Dialect
    log: Path

    @contextmanager
    def serving(self, **variables: str) -> Iterator[tuple[int, Process]]:
        """Run the API, and make sure that it lived through the block."""
        port = find_port()
        variables = {"DATABASE_URL": self.server.url, "PORT": str(port), **LIMITS, **variables}
        with running(self.service, *API, log=self.log, **variables) as api:
            wait_for(lambda: is_ready(port), f"readiness {self.log}")
            yield port, api
            assert api.output.count("Booting worker") == 1, api.output
            assert api.stop() == 0, api.output

    def count_rows(self) -> dict[str, int]:
        """Count what a request writes, behind the service's back."""
        counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)
        [row] = query(self.service, self.dialect, self.server.url, f"SELECT {counts}")
        return dict(zip(TABLES, row, strict=True))


@pytest.fixture(scope="module", params=DIALECTS, ids=lambda dialect: dialect.server)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    dialect: Dialect = request.param
    folder = tmp_path_factory.mktemp(dialect.server)
    service = make_service(folder / "service", choose(database=dialect.database))
    with private_server(dialect.server, folder / "servers") as server:
        yield Place(service, server, dialect, folder / "api.log")


def is_ready(port: int) -> bool:
    return send(port, "GET", "/health/ready").status == 200


def check_answers(answers: list[Answer]) -> None:
    """Check that nobody waited long or was told anything else than what there is to do."""
    for answer in answers:
        assert answer.status < 500 or answer.asks_to_come_back, answer
        assert answer.seconds < LONGEST_SECONDS, answer


def test_a_database_that_is_killed_under_load_costs_nothing_but_503(place: Place) -> None:
    prefix = uuid4().hex
    with place.serving() as (port, _):
        with crowded(port, prefix) as crowd:
            wait_for(lambda: crowd.count(201) > 30, "items")
            place.server.kill()
            wait_for(lambda: crowd.count(503) > 30, "refusals")
            assert send(port, "GET", "/health/live").status == 200
            assert send(port, "GET", "/health/ready").status == 503
            metrics = send(port, "GET", "/metrics").body.decode()
            assert 'dependency_up{dependency="Database"} 0.0' in metrics
            place.server.start()
            before = crowd.count(201)
            wait_for(lambda: crowd.count(201) > before + 30, "items again")
        check_answers(crowd.answers)
        again = {name: create(port, name) for name in crowd.created}
        assert {answer.status for answer in again.values()} == {201}
        for name, answer in crowd.created.items():
            if answer.status == 201:
                assert again[name].json == answer.json
                assert again[name].headers["idempotent-replayed"] == "true"
        names = {name: n for name, n in list_names(port).items() if name.startswith(prefix)}
        assert names == dict.fromkeys(crowd.created, 1)


def test_what_is_half_done_when_the_database_is_killed_is_not_done(
    place: Place, tmp_path: Path
) -> None:
    name, other, renamed = (f"{part} {uuid4().hex}" for part in ("new", "old", "renamed"))
    with place.serving(REQUEST_SECONDS="20", DATABASE_LOCK_SECONDS="10") as (port, _):
        item = create(port, other).json
        path, match = f"/v1/items/{item['id']}", f'"{item["version"]}"'
        wait_for(lambda: place.count_rows()["outbox"] == 0, "the relay")
        earlier = place.count_rows()
        dialect, url = place.dialect, place.server.url
        with (
            ThreadPoolExecutor() as pool,
            holding(
                place.service,
                url,
                dialect.lock_outbox,
                dialect.count_waiting,
                wanted=2,
                log=tmp_path / "holder",
            ) as holder,
        ):
            creating = pool.submit(create, port, name)
            changing = pool.submit(send, port, "PUT", path, {"name": renamed}, if_match=match)
            wait_for(lambda: "awaited" in holder.output, "both requests at the lock")
            place.server.kill()
            answers = [creating.result(), changing.result()]
        assert all(answer.asks_to_come_back for answer in answers), answers
        place.server.start()
        wait_for(lambda: is_ready(port), "readiness")
        assert place.count_rows() == earlier
        assert send(port, "GET", path).json == item
        assert create(port, name).status == 201
        assert send(port, "PUT", path, {"name": renamed}, if_match=match).status == 200
        assert (list_names(port)[name], list_names(port)[renamed]) == (1, 1)


def test_a_database_that_answers_nothing_is_waited_for_no_longer_than_the_deadline(
    place: Place,
) -> None:
    prefix = uuid4().hex
    with place.serving() as (port, _):
        with crowded(port, prefix) as crowd:
            wait_for(lambda: crowd.count(201) > 10, "items")
            with place.server.paused():
                wait_for(lambda: crowd.count(503) + crowd.count(504) >= 4, "refusals")
                assert send(port, "GET", "/health/live").status == 200
                assert send(port, "GET", "/health/ready").status == 503
            before = crowd.count(201)
            wait_for(lambda: crowd.count(201) > before + 10, "items again")
        for answer in crowd.answers:
            assert answer.status in (200, 201, 504) or answer.asks_to_come_back, answer
            assert answer.seconds < LONGEST_SECONDS, answer
        again = [create(port, name) for name in crowd.created]
        assert {answer.status for answer in again} == {201}
        names = {name: n for name, n in list_names(port).items() if name.startswith(prefix)}
        assert names == dict.fromkeys(crowd.created, 1)


def test_more_connections_than_the_server_allows_are_refused_in_one_line(
    place: Place, tmp_path: Path
) -> None:
    variables = {"DATABASE_URL": place.server.url, "DATABASE_CONNECTIONS": "100000"}
    port = str(find_port())
    with running(place.service, *API, log=tmp_path / "log", PORT=port, **variables) as api:
        assert api.wait() != 0
        named = [line for line in api.output.splitlines() if "DATABASE_CONNECTIONS: " in line]
        assert len(named) == 1, api.output
        assert "Traceback" not in api.output
