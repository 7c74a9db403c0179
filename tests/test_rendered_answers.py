"""A service tells which version of the template it came from, and with which answers."""

import json
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from hooks.pre_gen_project import QUESTIONS
from tests.combinations import TELLING
from tests.recipes import commit
from tests.renders import render, render_into, take_snapshot
from tests.small_template import ROOT
from tools.origin import NAME, find_origin
from tools.system.rendering import write
from tools.updates.linking import link

TEXTS = {"description": 'say "hi" \\ {x} 🚀', "author": "it's\nus\tall"}


def read_table(service: Path) -> Mapping[str, str]:
    """Return what a service says about its own making."""
    project = tomllib.loads((service / "pyproject.toml").read_text(encoding="utf-8"))
    table: Mapping[str, str] = project["tool"]["cookiecutter-microservice"]
    return table


@pytest.mark.parametrize("name", TELLING)
def test_answers_are_kept_as_they_are_given_to_the_command_line(name: str) -> None:
    table = read_table(render(TELLING[name]))
    answers = {question: write(answer) for question, answer in TELLING[name].answers.items()}
    assert answers.items() <= table.items()


def test_version_and_every_question_are_kept() -> None:
    table = read_table(render(TELLING["default"]))
    template = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    assert tuple(table) == ("version", *QUESTIONS)
    assert table["version"] == template["__version"]


def test_a_lost_cruft_file_is_written_again_from_them(tmp_path: Path) -> None:
    template = Path(shutil.copytree(take_snapshot() / "template", tmp_path / "template"))
    commit(template)
    answers = {**TELLING["worker-on-kafka"].answers, **TEXTS}
    service = render_into(tmp_path / "made", answers)
    find_origin(template).write(service, template, answers)
    before = (service / NAME).read_text(encoding="utf-8")
    (service / NAME).unlink()
    link(service, template, str(template))
    assert (service / NAME).read_text(encoding="utf-8") == before


def test_text_is_kept_letter_by_letter(tmp_path: Path) -> None:
    table = read_table(render_into(tmp_path, TEXTS))
    assert {question: table[question] for question in TEXTS} == TEXTS
