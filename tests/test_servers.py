"""The servers that tests and samples run on: real ones, each asked in its own protocol."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import pytest

from tools.servers import KINDS, NAMES, ServerError, attach, ensure, stop
from tools.servers.fleet import HOME
from tools.servers.process import Process, spawn
from tools.servers.server import responds

ROOT = Path(__file__).resolve().parents[1]
LISTENING = "0A"
# 127.0.0.1, the same inside IPv6, and ::1
LOOPBACK_ADDRESSES = {
    "0100007F",
    "0000000000000000FFFF00000100007F",
    "00000000000000000000000001000000",
}

pytestmark = pytest.mark.servers


@pytest.fixture(scope="session")
def urls() -> dict[str, str]:
    """Return the URLs of the servers that every test shares."""
    return ensure()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a place of its own to a test that starts and stops servers."""
    for kind in KINDS.values():
        monkeypatch.delenv(kind.variable, raising=False)
    yield tmp_path
    stop(home=tmp_path)


def run_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.servers", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def listening_addresses(pid: int) -> set[str]:
    """Return the addresses that a process listens on, as the kernel writes them."""
    files = Path(f"/proc/{pid}/fd").iterdir()
    opened = {str(file.readlink()) for file in files if file.is_symlink()}
    tables = [Path("/proc/net/tcp").read_text(), Path("/proc/net/tcp6").read_text()]
    sockets = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {
        fields[1].partition(":")[0]
        for fields in sockets
        if fields[3] == LISTENING and f"socket:[{fields[9]}]" in opened
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_server_answers(urls: dict[str, str], name: str) -> None:
    assert KINDS[name].answers(urls[name])


def test_a_second_call_uses_the_same_servers(urls: dict[str, str]) -> None:
    said: list[str] = []
    assert ensure(report=said.append) == urls
    assert said == []


def test_servers_listen_on_loopback_only(urls: dict[str, str]) -> None:
    for name in urls:
        if os.environ.get(KINDS[name].variable):
            continue
        for unit in attach(name, home=HOME).units:
            if isinstance(unit, Process):
                addresses = listening_addresses(unit.pid)
                assert addresses
                assert addresses <= LOOPBACK_ADDRESSES


@pytest.mark.parametrize("name", NAMES)
def test_a_port_that_only_accepts_is_no_server(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _address = listener.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"{name}://127.0.0.1:{listener.getsockname()[1]}"
        assert not responds(KINDS[name], url)
        thread.join()


def test_stop_ends_what_it_started_and_nothing_else(home: Path) -> None:
    ours, theirs = home / "ours", home / "theirs"
    first = ensure(["redis"], home=ours)["redis"]
    second = ensure(["redis"], home=theirs)["redis"]
    assert first != second
    stop(home=ours)
    assert not responds(KINDS["redis"], first)
    assert responds(KINDS["redis"], second)
    stop(home=theirs)
    assert not responds(KINDS["redis"], second)


def test_stop_does_nothing_when_there_is_nothing(home: Path) -> None:
    stop(home=home)
    stop(home=home)


def test_a_pid_that_belongs_to_another_process_by_now_is_left_alone(tmp_path: Path) -> None:
    process = spawn(["sleep", "60"], log=tmp_path / "log")
    try:
        stale = replace(process, birth="an earlier life")
        assert not stale.alive()
        stale.stop()
        stale.kill()
        assert process.alive()
    finally:
        process.kill()
    assert not process.alive()


def test_a_killed_server_starts_again_in_the_same_place(home: Path) -> None:
    url = ensure(["redis"], home=home)["redis"]
    server = attach("redis", home=home)
    server.kill()
    assert not server.ready()
    server.start()
    assert server.ready()
    assert server.url == url
    assert ensure(["redis"], home=home) == {"redis": url}


def test_a_paused_server_answers_later(home: Path) -> None:
    url = ensure(["postgresql"], home=home)["postgresql"]
    with attach("postgresql", home=home).paused():
        assert not responds(KINDS["postgresql"], url)
    assert responds(KINDS["postgresql"], url)


def test_a_server_that_died_is_replaced(home: Path) -> None:
    ensure(["redis"], home=home)
    attach("redis", home=home).kill()
    assert responds(KINDS["redis"], ensure(["redis"], home=home)["redis"])


def test_a_server_that_was_given_cannot_be_controlled(home: Path) -> None:
    with pytest.raises(ServerError, match="redis: it was not started here"):
        attach("redis", home=home)


def test_two_runs_at_once_start_one_server(home: Path) -> None:
    command = [sys.executable, "-m", "tools.servers", "redis", "--home", str(home)]
    runs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    first, second = (run.communicate()[0] for run in runs)
    assert first == second != b""


def test_a_url_of_the_environment_is_used_as_it_is(home: Path) -> None:
    url = ensure(["redis"], home=home / "outside")["redis"]
    used = run_command("redis", "--env", "--home", str(home), TEST_REDIS_URL=url)
    assert used.stdout == f"export TEST_REDIS_URL={url}\n"
    assert used.stderr == ""
    assert not (home / "state.json").exists()
    stop(home=home / "outside")


@pytest.mark.parametrize("name", NAMES)
def test_a_url_where_nothing_answers_fails_in_one_line(home: Path, name: str) -> None:
    url = "scheme://someone:secret@127.0.0.1:1/place"
    failed = run_command(name, "--home", str(home), **{KINDS[name].variable: url})
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert failed.stderr.startswith(f"{name}: {KINDS[name].variable} names 127.0.0.1:1, ")
    assert failed.stderr.count("\n") == 1
    assert "secret" not in failed.stderr


def test_an_unknown_name_fails_in_one_line(home: Path) -> None:
    failed = run_command("oracle", "--home", str(home))
    assert failed.returncode == 1
    assert failed.stderr.startswith("oracle: no such server; choose from rabbitmq, kafka, ")
    assert failed.stderr.count("\n") == 1


def test_passwords_are_random_and_for_nobody_else_to_read(home: Path) -> None:
    ours, theirs = home / "ours", home / "theirs"
    urls = [ensure(["postgresql"], home=each)["postgresql"] for each in (ours, theirs)]
    passwords = [urlsplit(url).password for url in urls]
    assert len({*passwords, "service", None}) == 4
    assert ours.stat().st_mode & 0o077 == 0
    for password in filter(None, passwords):
        for file in home.rglob("*"):
            if file.is_file() and password in file.read_text(errors="replace"):
                assert file.stat().st_mode & 0o077 == 0, file
    stop(home=ours)
    stop(home=theirs)


@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_the_login_of_tests_makes_databases_and_changes_no_server(
    home: Path, name: str, tmp_path: Path
) -> None:
    url = urlsplit(ensure([name], home=home)[name])
    assert run_sql(name, url, "CREATE DATABASE another").returncode == 0
    change = {
        "postgresql": "ALTER SYSTEM SET work_mem = '1MB'",
        "mariadb": "SET GLOBAL read_only = 0",
    }[name]
    assert run_sql(name, url, change).returncode != 0
    file = tmp_path / "secret"
    file.write_text("sesame")
    read = {
        "postgresql": f"SELECT pg_read_file('{file}')",
        "mariadb": f"SELECT LOAD_FILE('{file}')",
    }[name]
    said = run_sql(name, url, read)
    assert "sesame" not in said.stdout
    admin = urlsplit(attach(name, home=home).admin_url)
    assert run_sql(name, admin, change).returncode == 0
    stop(home=home)


def run_sql(name: str, url: SplitResult, statement: str) -> subprocess.CompletedProcess[str]:
    """Run a statement with the server's own client."""
    place = ["--host", str(url.hostname), "--port", str(url.port)]
    user, password, database = str(url.username), str(url.password), url.path[1:]
    command = {
        "postgresql": ["psql", *place, "--username", user, "--command", statement, database],
        "mariadb": ["mariadb", *place, "--user", user, "--execute", statement, database],
    }[name]
    environment = {**os.environ, "PGPASSWORD": password, "MYSQL_PWD": password}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
