"""Where log lines go."""

import errno
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.core import log_file
from app.core.config import load_core_settings
from app.core.errors import SettingsError, UnavailableError
from app.core.log_file import LogFile
from app.core.log_format import TerminalFormatter
from app.core.logger_config import configure_logging, open_handlers
from app.services.measuring import count_lost_lines
from app.utils.logger import Logger


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "service.log"
    monkeypatch.setenv("LOG_FILE", str(path))
    return path


@contextmanager
def configured(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Configure logging as a service does, and take it back."""
    root = logging.getLogger()
    patch.setattr(root, "handlers", [])
    levels = {name: logging.getLogger(name).level for name in ("", "asyncio")}
    configure_logging(load_core_settings())
    yield
    for handler in root.handlers:
        handler.close()
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def read_messages(folder: Path) -> list[str]:
    files = sorted(folder.glob("service.log*"))
    return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_file_gets_the_lines_when_it_is_set(path: Path) -> None:
    handlers = open_handlers(load_core_settings())
    handlers[-1].handle(logging.makeLogRecord({"msg": "kept"}))
    handlers[-1].close()
    assert path.read_text(encoding="utf-8") == "kept\n"


def test_libraries_are_imported_only_for_what_is_set() -> None:
    assert [type(handler) for handler in open_handlers(load_core_settings())] == [
        logging.StreamHandler
    ]


def test_processes_rotate_a_file_without_losing_lines(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_file, "FILE_BYTES", 2_000)
    monkeypatch.setattr(log_file, "FILE_COUNT", 99)
    handler = LogFile(str(path))
    handler.handle(logging.makeLogRecord({"msg": "first"}))
    children = []
    for child in range(3):
        children.append(os.fork())
        if children[-1] == 0:
            for number in range(200):
                handler.handle(logging.makeLogRecord({"msg": f"line {number} of {child}"}))
            os._exit(handler.lost.counts.total())
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    handler.close()
    lines = [f"line {number} of {child}" for child in range(3) for number in range(200)]
    assert sorted(read_messages(path.parent)) == sorted(["first", *lines])


def test_a_disk_that_is_full_costs_the_lines_and_is_said_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with configured(monkeypatch):
        with monkeypatch.context() as full:
            full.setattr(LogFile, "do_write", fail)
            for number in range(3):
                Logger("app.test").info("a line", number=number)
        assert count_lost_lines() == {"unwritten": 4}
        Logger("app.test").info("a line", number=4)
    said = [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]
    assert said.count("a line") == 4
    assert said.count("log lines do not arrive") == 1
    assert said.count("log lines arrive again") == 1
    written = [json.loads(line) for line in read_messages(path.parent)]
    assert [line.get("number", line.get("lost")) for line in written] == [4, 4]


@pytest.mark.parametrize("name", ["nowhere/service.log", "."])
def test_a_file_that_cannot_be_written_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("LOG_FILE", str(tmp_path / name))
    with pytest.raises(SettingsError, match=r"^LOG_FILE: [^\n]+$"):
        load_core_settings()


def test_words_of_the_team_are_hidden_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_REDACTED", "email, iban")
    with configured(monkeypatch):
        Logger("app.test").info("paid", customer_email="ada@example.com", IBAN="DE1", amount=7)
    line = json.loads(capsys.readouterr().out)
    assert (line["customer_email"], line["IBAN"], line["amount"]) == ("***", "***", 7)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("is_terminal", [True, False])
def test_lines_are_json_but_for_people_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    with configured(monkeypatch):
        output, file = (handler.formatter for handler in logging.getLogger().handlers)
    assert isinstance(output, TerminalFormatter) is is_terminal
    assert not isinstance(file, TerminalFormatter)


def test_a_worker_goes_on_with_the_places_of_its_master(monkeypatch: pytest.MonkeyPatch) -> None:
    with configured(monkeypatch):
        opened = [*logging.getLogger().handlers]
        configure_logging(load_core_settings())
        assert logging.getLogger().handlers == opened


def test_other_settings_open_other_places_and_close_those_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOG_FILE", str(tmp_path / "before.log"))
    with configured(monkeypatch):
        before = logging.getLogger().handlers[-1]
        Logger("app.test").info("first")
        monkeypatch.setenv("LOG_FILE", str(tmp_path / "after.log"))
        configure_logging(load_core_settings())
        Logger("app.test").info("second")
    assert before not in logging.getLogger().handlers
    first, second = ((tmp_path / name).read_text("utf-8") for name in ("before.log", "after.log"))
    assert [json.loads(line)["message"] for line in first.splitlines()] == ["first"]
    assert [json.loads(line)["message"] for line in second.splitlines()] == ["second"]


def test_a_child_of_a_process_counts_its_own_losses(path: Path) -> None:
    handler = LogFile(str(path))
    handler.lost.count("unwritten", 3)
    child = os.fork()
    if child == 0:
        os._exit(handler.lost.counts.total())
    assert os.waitpid(child, 0)[1] == 0
    handler.close()
    assert handler.lost.counts == {"unwritten": 3}
# {% if cookiecutter.broker in ("both", "kafka") %}


def test_a_client_of_kafka_that_tries_again_says_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with configured(monkeypatch):
        client = logging.getLogger("aiokafka.consumer.fetcher")
        client.error("Failed fetch messages from %s", 1)
        try:
            raise ValueError("no offset")
        except ValueError:
            client.exception("Unexpected error in fetcher routine")
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["level"], line["message"]) for line in said] == [
        ("warning", "Failed fetch messages from 1"),
        ("error", "Unexpected error in fetcher routine"),
    ]
# {% endif %}
# {% if cookiecutter.database == "mysql" %}


def test_the_name_of_alembics_key_is_no_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with configured(monkeypatch):
        client = logging.getLogger("asyncmy")
        client.warning("Name 'alembic_version_pkc' ignored for PRIMARY key.")
        client.warning("Data truncated for column 'name' at row 1")
    said = [json.loads(line)["level"] for line in capsys.readouterr().out.splitlines()]
    assert said == ["info", "warning"]
# {% endif %}


def test_an_outage_is_a_warning_and_any_other_failure_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for error in (UnavailableError("no answer"), ValueError("no number")):
        Logger("app.test").failure("not done", error, id=7)
    assert [(each.levelname, each.__dict__["fields"]) for each in caplog.records] == [
        ("WARNING", {"error": "UnavailableError('no answer')", "id": 7}),
        ("ERROR", {"error": "ValueError('no number')", "id": 7}),
    ]
