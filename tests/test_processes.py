"""Rendered services as processes: they serve, work, stop cleanly, and say in a line why not."""

import socket
from pathlib import Path

import pytest

from tests.combinations import DEFAULT, choose
from tests.processes import (
    API,
    DEVELOPMENT_API,
    HOST,
    WORKER,
    ask,
    find_port,
    running,
    wait_for,
)
from tests.recipes import check_recipe, make_service, run_recipe

pytestmark = pytest.mark.slow

NOWHERE = f"{HOST}:1"


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The default service."""
    return make_service(tmp_path / "service", DEFAULT)


@pytest.mark.parametrize("api", [API, DEVELOPMENT_API], ids=["gunicorn", "development"])
def test_an_item_goes_all_the_way_with_no_server(
    service: Path, tmp_path: Path, api: tuple[str, ...]
) -> None:
    port = find_port()
    with running(service, *api, log=tmp_path / "log", PORT=str(port)) as process:
        wait_for(lambda: ask(port, "/health/ready"), "readiness")
        created = ask(port, "/v1/items", {"name": "lamp"})
        assert ask(port, f"/v1/items/{created['id']}") == created
        kinds = wait_for(
            lambda: {"item.created"} & {each["kind"] for each in ask(port, "/v1/activities")},
            "the consumed event",
        )
        assert kinds == {"item.created"}
        assert process.stop() == 0
        assert "Application shutdown complete" in process.output
        assert "Traceback" not in process.output


@pytest.mark.parametrize("api", [API, DEVELOPMENT_API], ids=["gunicorn", "development"])
def test_it_listens_on_ipv6_and_ends_cleanly_on_ctrl_c(
    service: Path, tmp_path: Path, api: tuple[str, ...]
) -> None:
    port = find_port()
    variables = {"HOST": "::1", "PORT": str(port)}
    with running(service, *api, log=tmp_path / "log", **variables) as process:
        wait_for(lambda: ask(port, "/health/ready", host="[::1]"), "readiness")
        process.interrupt()
        process.wait()
        assert "Application shutdown complete" in process.output
        assert "Traceback" not in process.output


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", f"postgresql://service:secret@{NOWHERE}/service"),
        ("DATABASE_URL", "sqlite:////nowhere/service.db"),
        ("DATABASE_URL", "nonsense"),
        ("BROKER_URL", "nats://broker"),
        ("REDIS_URL", "nonsense"),
        ("GRACE_SECONDS", "soon"),
    ],
)
@pytest.mark.parametrize("api", [API, DEVELOPMENT_API], ids=["gunicorn", "development"])
def test_what_is_wrong_is_one_line_that_names_the_variable(
    service: Path, tmp_path: Path, api: tuple[str, ...], variable: str, value: str
) -> None:
    variables = {variable: value, "PORT": str(find_port())}
    with running(service, *api, log=tmp_path / "log", **variables) as process:
        assert process.wait() != 0
        named = [line for line in process.output.splitlines() if f"{variable}: " in line]
        assert len(named) == 1, process.output
        assert "Traceback" not in process.output
        assert "secret" not in process.output


def test_several_processes_need_a_real_broker(service: Path, tmp_path: Path) -> None:
    with running(service, *API, log=tmp_path / "log", WORKERS="2") as process:
        assert process.wait() != 0
        assert process.output.startswith("WORKERS: the in-memory broker reaches one process only")
        assert len(process.output.splitlines()) == 1


def test_a_cache_that_is_down_does_not_stop_the_service(service: Path, tmp_path: Path) -> None:
    port = find_port()
    variables = {"REDIS_URL": f"redis://{NOWHERE}", "PORT": str(port)}
    with running(service, *API, log=tmp_path / "log", **variables):
        created = wait_for(lambda: ask(port, "/v1/items", {"name": "lamp"}), "an answer")
        assert ask(port, f"/v1/items/{created['id']}") == created


@pytest.mark.parametrize("api", [API, DEVELOPMENT_API], ids=["gunicorn", "development"])
def test_a_port_in_use_is_said_and_the_process_ends(
    service: Path, tmp_path: Path, api: tuple[str, ...]
) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running(service, *api, log=tmp_path / "log", PORT=str(port)) as process:
            assert process.wait() != 0
            assert "in use" in process.output
            assert "Traceback" not in process.output


def test_a_worker_beside_an_api_needs_a_real_broker(service: Path, tmp_path: Path) -> None:
    with running(service, *WORKER, log=tmp_path / "log") as process:
        assert process.wait() != 0
        assert process.output.startswith("BROKER_URL: ")
        assert len(process.output.splitlines()) == 1


def test_a_worker_runs_its_jobs_and_stops_cleanly(tmp_path: Path) -> None:
    service = make_service(tmp_path / "service", choose(interface="worker", broker="none"))
    with running(service, *WORKER, log=tmp_path / "log") as process:
        wait_for(lambda: "job done" in process.output, "the first job")
        assert " every 60 s " in check_recipe(service, "jobs")
        check_recipe(service, "jobs", "pause", "record_heartbeat")
        check_recipe(service, "jobs", "run", "record_heartbeat")
        wait_for(lambda: process.output.count("job done") == 2, "the run that was wanted")
        history = check_recipe(service, "jobs", "history", "record_heartbeat")
        assert history.count(" done ") == 2
        assert process.stop() == 0
        assert "worker stopping" in process.output


def test_the_doctor_says_what_is_not_reachable_and_what_to_do(service: Path) -> None:
    result = run_recipe(service, "doctor", BROKER_URL=f"amqp://{NOWHERE}/")
    assert result.returncode != 0
    assert "database   sqlite:///service.db: ok" in result.stdout
    assert "BROKER_URL: no broker answers there" in result.stdout
    assert (
        "start what does not answer, correct what is refused, or unset its variable"
        in result.stdout
    )
    assert "Traceback" not in result.stdout


def test_settings_are_shown_with_where_they_came_from(service: Path) -> None:
    lines = ("PAGE_SIZE=5", "POSTGRES_PASSWORD=secret", "DATABSE_URL=sqlite:///other.db")
    (service / ".env").write_text("\n".join(lines), encoding="utf-8")
    variables = {"BROKER_URL": "amqp://me:secret@broker/", "LOG_LEVEL": "LOUD"}
    result = run_recipe(service, "settings", **variables)
    assert result.returncode != 0
    shown = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line}
    assert shown["PAGE_SIZE"] == ["5", ".env"]
    assert shown["BROKER_URL"] == ["amqp://me:***@broker/", "environment"]
    assert shown["DATABASE_URL"] == ["sqlite:///service.db", "default"]
    assert "unknown in .env: DATABSE_URL\nLOG_LEVEL: " in result.stdout
    assert "POSTGRES_PASSWORD" not in result.stdout
    assert "Traceback" not in result.stdout


def test_a_port_that_is_taken_is_told_before_anything_is_opened(
    service: Path, tmp_path: Path
) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with running(service, *DEVELOPMENT_API, log=tmp_path / "log", PORT=str(port)) as process:
            assert process.wait() != 0
    assert process.output.splitlines() == [
        f"PORT: {HOST} port {port} cannot be listened on (Address already in use): set another"
    ]
    assert not (service / "service.db").exists()
