"""`./just new` asks the questions, checks each answer at once, and asks again."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_template import ROOT, make_template, run_module

ANSWERED = ("service_name=tasks", "description=Tasks", "author=Us")
DEFAULT = "\n"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a small template that carries the real tool."""
    answers = "{" + "{ cookiecutter.interface }} {" + "{ cookiecutter.kubernetes }}\n"
    folder = make_template(tmp_path / "template", {"answers.txt": answers})
    (folder / "tools").mkdir()
    for name in ("new.py", "origin.py"):
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    return folder


def new(template: Path, *arguments: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    """Run the tool, with a folder of its own for what it renders."""
    made = template.parent / "made"
    made.mkdir(exist_ok=True)
    options = ("--output-dir", str(made), *arguments)
    return run_module("tools.new", *options, home=template.parent, cwd=template, answers=answers)


def list_made(template: Path) -> list[str]:
    """List the services that were rendered."""
    return sorted(path.name for path in (template.parent / "made").iterdir())


def test_defaults_are_taken_where_nothing_is_asked(template: Path) -> None:
    result = new(template, "--no-input")
    assert result.returncode == 0, result.stderr
    assert list_made(template) == ["my-service"]
    assert f"1. cd {template.parent / 'made' / 'my-service'}\n" in result.stdout


def test_given_answers_are_used(template: Path) -> None:
    result = new(template, "--no-input", "interface=worker", "kubernetes=yes", *ANSWERED)
    assert result.returncode == 0, result.stderr
    made = template.parent / "made" / "tasks" / "answers.txt"
    assert made.read_text() == "worker True\n"


def test_every_question_is_asked_with_its_prompt(template: Path) -> None:
    result = new(template, answers=DEFAULT * 9)
    assert result.returncode == 0, result.stderr
    assert list_made(template) == ["my-service"]
    for words in ("[1/9] Name of the service", "api: HTTP only", "[9/9] Add Kubernetes"):
        assert words in result.stdout


def test_only_what_is_not_given_is_asked(template: Path) -> None:
    result = new(template, *ANSWERED, answers=DEFAULT * 6)
    assert result.returncode == 0, result.stderr
    assert list_made(template) == ["tasks"]
    assert "[1/9]" not in result.stdout


def test_bad_name_is_asked_again(template: Path) -> None:
    result = new(template, answers="My Service\nclass\ngood-name\n" + DEFAULT * 8)
    assert result.returncode == 0, result.stderr
    assert 'write "my-service"' in result.stderr
    assert 'write "class-service"' in result.stderr
    assert result.stdout.count("[1/9]") == 3
    assert list_made(template) == ["good-name"]


@pytest.mark.parametrize("opening", ["{" + "{ x }" + "}", "{" + "# x", "# {" + "% x"])
def test_tag_in_an_answer_is_asked_again(template: Path, opening: str) -> None:
    result = new(template, answers=f"tasks\nsay {opening}\n" + DEFAULT * 8)
    assert result.returncode == 0, result.stderr
    assert "description holds" in result.stderr
    assert result.stdout.count("[2/9]") == 2


def test_impossible_combination_is_asked_again_as_soon_as_it_is_known(template: Path) -> None:
    given = (*ANSWERED, "interface=worker", "broker=none", "database=none")
    result = new(template, *given, answers="2\n1\n" + DEFAULT * 2)
    assert result.returncode == 0, result.stderr
    assert "nothing to consume" in result.stderr
    assert result.stdout.count("[7/9]") == 2
    assert list_made(template) == ["tasks"]


def test_existing_folder_is_said_before_anything_else_is_asked(template: Path) -> None:
    (template.parent / "made" / "tasks").mkdir(parents=True)
    result = new(template, answers="tasks\nother\n" + DEFAULT * 8)
    assert result.returncode == 0, result.stderr
    assert "tasks already exists" in result.stderr
    assert list_made(template) == ["other", "tasks"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("service_name=My Service",), 'write "my-service"'),
        (("broker=nats",), "write both, rabbitmq, kafka or none"),
        (("kubernetes=maybe",), "write true or false"),
        (("kubernetes=true", "database=sqlite"), "SQLite is a file on one machine"),
        (("colour=red",), "answers no question"),
        (("broker",), "answers no question"),
        (("__folder=elsewhere",), "answers no question"),
        (("author={" + "{ x }}",), "author holds"),
    ],
)
def test_bad_argument_is_one_line_and_leaves_nothing(
    template: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = new(template, "--no-input", *arguments)
    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list_made(template) == []


def test_existing_folder_is_one_line_where_nothing_is_asked(template: Path) -> None:
    (template.parent / "made" / "tasks").mkdir(parents=True)
    result = new(template, "--no-input", *ANSWERED)
    assert result.returncode == 1
    assert "already exists" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("answers", ["", "tasks\n", "tasks\nTasks\nUs\n1\n"])
def test_end_of_input_is_one_line_and_leaves_nothing(template: Path, answers: str) -> None:
    result = new(template, answers=answers)
    assert result.returncode == 130
    assert result.stderr.strip() == "Stopped: nothing was written."
    assert list_made(template) == []


def test_interrupt_is_one_line_and_leaves_nothing(template: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.new", "--output-dir", str(template.parent)],
        cwd=template,
        env={**os.environ, "HOME": str(template.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        while "(" not in process.stdout.read(1):
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == "Stopped: nothing was written."
    assert not (template.parent / "my-service").exists()
