"""The command that recipes call: it shows, asks, does, and says what was done."""

import errno
import io
import sys

import pytest

from tests.template_versions import LINES, Versions, snapshot
from tools.updates import __main__ as command
from tools.updates import checking
from tools.updates.bench import Bench

pytestmark = pytest.mark.slow

SECOND = {"app/core.py": LINES.replace("line_3 = 3", "line_3 = 33"), "app/new.py": ""}


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def released(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """Release a version, and let the command be started from its checkout."""
    versions.release(SECOND)
    monkeypatch.setattr(command, "TEMPLATE", versions.template)
    return versions


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Type an answer at a terminal."""
    monkeypatch.setattr(sys, "stdin", Terminal(text))


def start(versions: Versions, *arguments: str) -> int:
    """Call the command for the service."""
    return command.main(["update", str(versions.service), *arguments])


def test_it_shows_what_will_change_and_asks(
    released: Versions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(released.service)
    type_in(monkeypatch, "n\n")
    assert start(released) == 130
    told = capsys.readouterr()
    assert "  added     app/new.py\n  changed   app/core.py\n" in told.out
    assert told.out.endswith("Go on? [Y/n] ")
    assert told.err == "Stopped: nothing was changed.\n"
    assert snapshot(released.service) == before


def test_it_goes_on_when_it_is_told_to(
    released: Versions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch, "\n")
    assert start(released, "--no-check") == 0
    assert "its checks have not been run" in capsys.readouterr().out
    assert (released.service / "app/new.py").is_file()


@pytest.mark.parametrize("option", ["--yes", "--no-input"])
def test_it_asks_nothing_when_it_is_told_so(
    released: Versions, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    type_in(monkeypatch, "")
    assert start(released, option, "--no-check") == 0


def test_a_new_question_is_said_with_its_answer(
    released: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    released.release({}, {"audited": False})
    assert start(released, "--no-input", "--no-check") == 0
    assert "  answered  audited=false (a new question)\n" in capsys.readouterr().out


def test_the_end_of_what_is_typed_stops_it(
    released: Versions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch, "")
    assert start(released) == 130
    assert capsys.readouterr().err == "\nStopped: nothing was changed.\n"


def test_a_full_disk_is_told_in_a_sentence(
    released: Versions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = snapshot(released.service)
    monkeypatch.setattr(Bench, "copy", fill)
    assert start(released) == 1
    assert capsys.readouterr().err == ("Nothing was changed: [Errno 28] No space left on device.\n")
    assert snapshot(released.service) == before


def test_ctrl_c_during_the_checks_changes_nothing(
    released: Versions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = snapshot(released.service)
    monkeypatch.setattr(checking, "check", interrupt)
    assert start(released) == 130
    assert capsys.readouterr().err == "\nStopped: nothing was changed.\n"
    assert snapshot(released.service) == before


def test_a_state_that_is_there_is_not_written_again(
    released: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(released, "--link", str(released.template)) == 1
    assert "is there: nothing to write again" in capsys.readouterr().err


def test_a_state_is_written_only_for_the_version_that_the_service_names(
    released: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    project = released.read("pyproject.toml") + 'version = "0.9.0"\n'
    released.edit({".cruft.json": None, "pyproject.toml": project})
    assert start(released, "--link", str(released.template)) == 1
    assert "add --version with the tag or the commit of 0.9.0" in capsys.readouterr().err
    assert not (released.service / ".cruft.json").exists()


def test_a_service_without_its_answers_cannot_be_linked(
    released: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    released.edit({".cruft.json": None, "pyproject.toml": "[project]\n"})
    assert start(released, "--link", str(released.template)) == 1
    assert "has no table [tool.cookiecutter-microservice]" in capsys.readouterr().err
