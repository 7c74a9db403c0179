"""The benchmarks: honest ratios, a client that notices errors, one line when something fails."""

import socket
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import __main__ as command
from benchmarks import (
    consuming,
    contender,
    lists,
    logs,
    messaging,
    outbox,
    publishing,
    rounds,
    serving,
    tasks,
)
from benchmarks.contender import Contender
from benchmarks.errors import BenchmarkError
from benchmarks.peer import PIN, pin_metrics
from benchmarks.rounds import compare, measure_in_turns, spread
from benchmarks.server import running
from benchmarks.table import Goal, Row, Table
from tests.processes import HOST, find_port


def test_a_ratio_compares_figures_of_the_same_round() -> None:
    # All figures of the second round are ten times higher: a neighbour was busy.
    assert compare([2, 20, 2], [1, 10, 1]) == 2


def test_what_is_measured_takes_turns_and_the_first_round_does_not_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return len(order)

    measures = {"a": lambda: measure("a"), "b": lambda: measure("b")}
    assert measure_in_turns("letters", measures, 2) == {"a": [4, 5], "b": [3, 6]}
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert "letters: round 2 of 2\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("goal", "ratio", "missed"),
    [
        (Goal(0.8, is_least=True), 0.9, False),
        (Goal(0.8, is_least=True), 0.7, False),
        (Goal(0.8, is_least=True), 0.6, True),
        (Goal(1.5, is_least=False), 1.0, False),
        (Goal(1.5, is_least=False), 1.7, False),
        (Goal(1.5, is_least=False), 1.8, True),
    ],
)
def test_a_goal_is_missed_when_noise_cannot_explain_it(
    goal: Goal, ratio: float, missed: bool
) -> None:
    table = Table("what", "median", "ratio", [Row("one", "1 ms", ratio, goal)])
    assert table.is_missed is missed


def test_a_table_is_markdown() -> None:
    rows = [Row("bare", "90 µs", 1), Row("ours", "100 µs", 0.9, Goal(0.8, is_least=True))]
    assert str(Table("HTTP", "median", "ratio", rows)).splitlines() == [
        "| HTTP | median | ratio | goal |",
        "| --- | --- | --- | --- |",
        "| bare | 90 µs | 1.00 |  |",
        "| ours | 100 µs | 0.90 | at least 0.80 |",
    ]


def test_the_middle_half_of_the_ratios_is_shown() -> None:
    assert spread([1, 2, 3, 4, 50], [1, 1, 1, 1, 1]) == (2, 4)
    row = Row("ours", "100 µs", 3, spread=(2, 4))
    assert str(row) == "| ours | 100 µs | 3.00 (2.00 to 4.00) |  |"


def test_a_message_is_compared_with_the_bare_client() -> None:
    costs = {messaging.RAW: [100e-6], messaging.OURS: [150e-6]}
    bare, ours = messaging.make_rows("Kafka", costs, messaging.RAW, publishing.GOALS)
    assert str(bare) == "| Kafka: bare client | 100 µs | 1.00 |  |"
    assert str(ours) == "| Kafka: service | 150 µs | 1.50 (1.50 to 1.50) | at most 1.25 |"
    assert ours.is_missed


def test_a_message_of_a_long_backlog_is_compared_with_one_of_a_short_one() -> None:
    row = outbox.make_flat_row("relay", {"1000": [100e-6], "100000": [110e-6]})
    assert str(row) == "| relay | 100 µs and 110 µs | 1.10 (1.10 to 1.10) | at most 1.20 |"


def make_contender(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> Contender:
    monkeypatch.setattr(contender, "SERVED", folder)
    (folder / "script.py").write_text(code, encoding="utf-8")
    return Contender(Path(sys.executable), "script.py", folder)


def test_a_contender_says_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; print('a line of log'); open(sys.argv[-1], 'w').write('{\"cpu\": 0.5}')"
    assert make_contender(tmp_path, monkeypatch, code).measure("publish", "") == {"cpu": 0.5}


def test_a_contender_that_fails_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = make_contender(tmp_path, monkeypatch, "import sys; sys.exit('first\\nno broker')")
    with pytest.raises(BenchmarkError, match=r"^script.py publish ended with 1: no broker$"):
        failing.measure("publish", "")


def test_a_server_that_does_not_start_is_one_line(tmp_path: Path) -> None:
    failing = (sys.executable, "-c", "import sys; sys.exit('first\\nno port is free')")
    with (
        pytest.raises(BenchmarkError, match=r"^the server ours has stopped: no port is free$"),
        running(*failing, port=find_port(), folder=tmp_path, log=tmp_path / "ours.log"),
    ):
        pass


def test_a_server_is_stopped_and_its_cpu_was_counted(tmp_path: Path) -> None:
    port = find_port()
    module = (sys.executable, "-m", "http.server", "--bind", HOST, str(port))
    with running(*module, port=port, folder=tmp_path, log=tmp_path / "log") as server:
        before = server.cpu_seconds
        with socket.create_connection((HOST, port)) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(15).startswith(b"HTTP/1.0 200")
        assert 0 < before < server.cpu_seconds
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) != 0


def test_only_the_metrics_library_of_the_peer_is_pinned() -> None:
    ranges = ["fastapi >=0.122.0,<1", "prometheus-fastapi-instrumentator >=7.1.0,<8"]
    assert pin_metrics(ranges) == ["fastapi >=0.122.0,<1", PIN]


def test_more_requests_per_cpu_is_a_higher_ratio() -> None:
    costs = {serving.BARE: [100e-6], serving.OURS: [200e-6], serving.PEER: [300e-6]}
    bare, ours, peer = serving.make_rows(costs)
    assert [bare.ratio, ours.ratio, peer.ratio] == pytest.approx([0.5, 1, 1.5])
    assert bare.is_missed
    assert not peer.is_missed


def test_a_page_of_the_long_list_is_compared_with_the_short_one() -> None:
    (row,) = lists.make_rows("SQLite", {"few: last page": [0.002], "many: last page": [0.003]})
    assert str(row) == "| SQLite: last page | 2.00 and 3.00 ms | 1.50 | at most 1.50 |"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["https"],
            "argument NAME: 'https' is none of "
            "http, lists, loki, publish, consume, outbox, tasks, gateway, articles",
        ),
        (["--rounds", "0"], "argument --rounds: '0' is no number of rounds"),
        (["--rounds", "some"], "argument --rounds: 'some' is no number of rounds"),
    ],
)
def test_bad_arguments_are_one_line(
    arguments: list[str],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert capsys.readouterr().err.splitlines()[-1] == f"bench: error: {line}"


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure without warming up: no figure is looked at here, only that there is one."""
    monkeypatch.setattr(rounds, "WARM_UPS", 0)


@pytest.mark.usefixtures("cold")
@pytest.mark.slow
def test_requests_are_measured_beside_a_peer() -> None:
    assert [row.what for row in serving.run(1).rows] == [
        serving.BARE,
        serving.OURS,
        serving.TRACED,
        serving.PARTLY_TRACED,
        serving.PEER,
        serving.QUIET_PEER,
    ]


@pytest.mark.slow
def test_a_log_line_to_loki_is_measured() -> None:
    rows = logs.run(1, counts=(100, 1_000), library_counts=(5, 20)).rows
    assert [row.what for row in rows] == [
        f"a line: {name}" for name in (logs.STDOUT, logs.LOKI, logs.LIBRARY)
    ]
    assert all(row.ratio > 0 for row in rows)


@pytest.mark.usefixtures("cold")
@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize("benchmark", [publishing, consuming])
def test_messages_are_measured_on_both_brokers(benchmark: ModuleType) -> None:
    rows = benchmark.run(1, counts=(50, 100)).rows
    assert {row.what.partition(":")[0] for row in rows} == {"RabbitMQ", "Kafka"}
    assert all(row.ratio > 0 for row in rows)


@pytest.mark.usefixtures("cold")
@pytest.mark.slow
@pytest.mark.weekly
@pytest.mark.servers
def test_tasks_are_measured_beside_few_and_many() -> None:
    rows = tasks.run(1, count=8, sizes=(10, 20)).rows
    assert [row.ratio > 0 for row in rows] == [True] * 4


@pytest.mark.usefixtures("cold")
@pytest.mark.waits
@pytest.mark.slow
@pytest.mark.weekly
@pytest.mark.servers
def test_outbox_and_inbox_are_measured() -> None:
    rows = outbox.run(1, counts=(10, 90), sizes=(200, 400)).rows
    assert [row.ratio > 0 for row in rows] == [True] * 14


@pytest.mark.waits
@pytest.mark.slow
@pytest.mark.servers
def test_lists_are_measured_on_every_database() -> None:
    rows = lists.run(1, sizes=(1_000, 2_000)).rows
    assert {row.what.partition(":")[0] for row in rows} == {"PostgreSQL", "MariaDB", "SQLite"}
    assert all(row.ratio > 0 for row in rows)
