"""Every supported combination renders without scars and without what was not chosen."""

import os
import re
from collections.abc import Mapping
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException

from hooks.pre_gen_project import check_combinations
from tests.absences import ABSENCES, Absence, find_leftovers
from tests.combinations import (
    ANSWERING,
    CHOICES,
    COVERING,
    DEFAULT,
    EVERY,
    SUPPORTED,
    TELLING,
    UNSUPPORTED,
    Answer,
    Combination,
    is_supported,
)
from tests.marks import spread
from tests.renders import NAME, PARTS, fingerprint, list_files, render, render_into
from tests.small_template import ROOT
from tests.small_template import render as run_cookiecutter

BLANK_LINES = re.compile(r"\n\n\n")
THREE_BLANK_LINES = re.compile(r"\n\n\n\n")
TAG = re.compile(r"\{%|%\}|\{#|#\}|\{\{ ?_?cookiecutter|cookiecutter\.")
TWO_REFUSED = [UNSUPPORTED[0], UNSUPPORTED[-1]]
FREE_ANSWERS = {"service_name": "other-service", "description": "Other.", "author": "Others"}


def find_scars(folder: Path, path: Path) -> list[str]:
    """List what rendering has left behind in one file, each with its name."""
    text = path.read_bytes().decode()
    # Only Python, and what Python is made from, puts two blank lines between definitions.
    gap = THREE_BLANK_LINES if path.suffix in {".py", ".mako"} else BLANK_LINES
    scars = {
        "a tag is left": TAG.search(text),
        "too many blank lines": gap.search(text),
        "a space at the end of a line": re.search(r"[ \t]\n", text),
        "a carriage return": "\r" in text,
        "blank lines at its start": text.startswith("\n"),
        "not one newline at its end": not text.endswith("\n") or text.endswith("\n\n"),
    }
    return [f"{path.relative_to(folder)}: {scar}" for scar, found in scars.items() if found]


@pytest.mark.parametrize("combination", spread(SUPPORTED), ids=str)
def test_supported_combination_renders_without_a_scar(combination: Combination) -> None:
    folder = render(combination)
    scars = [scar for path in list_files(folder) for scar in find_scars(folder, path)]
    assert not scars, "\n".join(scars)
    assert os.access(folder / "just", os.X_OK)


@cache
def find_twins(name: str) -> Mapping[tuple[Answer, ...], Combination]:
    """Return the combination that gates look at for each way in which files can look."""
    part = PARTS[name]
    return {part.key(each): each for each in part.representatives()}


@cache
def find_expected(name: str, twin: Combination) -> str:
    """Return the hash of the files that gates look at, of which there are some."""
    assert list_files(render(twin), PARTS[name].patterns), name
    return fingerprint(render(twin), PARTS[name].patterns)


@pytest.mark.parametrize("combination", spread(SUPPORTED), ids=str)
def test_gates_see_every_kind_of_file_in_one_render_of_it(combination: Combination) -> None:
    for name, part in PARTS.items():
        if part.holds(combination):
            expected = find_expected(name, find_twins(name)[part.key(combination)])
            assert fingerprint(render(combination), part.patterns) == expected, name


@pytest.mark.parametrize("absence", ABSENCES, ids=str)
def test_what_was_not_chosen_is_not_mentioned(absence: Absence) -> None:
    among = [each for each in (*COVERING, *TELLING.values()) if absence.holds(each)]
    assert among
    leftovers = {line for each in among for line in find_leftovers(render(each), absence)}
    assert not leftovers, "\n".join(sorted(leftovers))


@pytest.mark.slow
@pytest.mark.parametrize("absence", ABSENCES, ids=str)
def test_what_was_not_chosen_is_mentioned_in_no_combination(absence: Absence) -> None:
    among = [each for each in SUPPORTED if absence.holds(each)]
    leftovers = {line for each in among for line in find_leftovers(render(each), absence)}
    assert not leftovers, "\n".join(sorted(leftovers))


@pytest.mark.parametrize("combination", UNSUPPORTED, ids=str)
def test_impossible_combination_is_refused_in_one_sentence_and_leaves_nothing(
    combination: Combination, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FailedHookException):
        render_into(tmp_path, combination.answers)
    assert re.fullmatch(r"[A-Z][^\n.]+: choose [^\n]+\.\n", capfd.readouterr().err)
    assert list((tmp_path / "made").iterdir()) == []


@pytest.mark.parametrize("combination", TWO_REFUSED, ids=str)
def test_cookiecutter_fails_where_a_combination_is_refused(
    combination: Combination, tmp_path: Path
) -> None:
    answers = [f"{question}={answer}" for question, answer in combination.answers.items()]
    made = tmp_path / "made"
    result = run_cookiecutter(ROOT, *answers, home=tmp_path, output_dir=made)
    assert result.returncode != 0
    assert result.stderr.splitlines()[0] == check_combinations(combination.answers)
    assert list(made.iterdir()) == []


def test_what_is_refused_is_what_cannot_work() -> None:
    for combination in EVERY:
        assert (check_combinations(combination.answers) is None) == is_supported(combination)


def test_covering_set_holds_the_default_and_every_two_answers() -> None:
    assert COVERING[0] == DEFAULT
    pairs = set().union(*(each.combine(2) for each in SUPPORTED))
    assert set().union(*(each.combine(2) for each in COVERING)) == pairs
    assert len(set(COVERING)) == len(COVERING) <= 20


def test_few_of_it_hold_the_default_and_every_answer() -> None:
    assert ANSWERING[0] == DEFAULT
    answers = {(question, each) for question, choices in CHOICES.items() for each in choices}
    assert {answer for each in ANSWERING for answer in each.answers.items()} == answers
    assert set(ANSWERING) < set(COVERING)


CHOSEN_PAIRS = [
    (question, *two) for question, choices in CHOICES.items() for two in combinations(choices, 2)
]


@pytest.mark.parametrize(("question", "one", "other"), CHOSEN_PAIRS)
def test_answer_makes_another_service(question: str, one: Answer, other: Answer) -> None:
    folders = [render(change(DEFAULT, question, answer)) for answer in (one, other)]
    assert read_files(folders[0]) != read_files(folders[1])


@pytest.mark.parametrize("question", FREE_ANSWERS)
def test_text_appears_in_the_service(question: str, tmp_path: Path) -> None:
    folder = render_into(tmp_path, {question: FREE_ANSWERS[question]})
    text = FREE_ANSWERS[question]
    assert any(text in path.read_text() for path in list_files(folder))
    assert not any(text in path.read_text() for path in list_files(render(DEFAULT)))


def test_only_the_name_of_the_service_names_it(tmp_path: Path) -> None:
    folder = render_into(tmp_path, {"service_name": FREE_ANSWERS["service_name"]})
    assert not [path for path in list_files(folder) if NAME in path.read_text()]


def test_rendering_twice_gives_the_same_files(tmp_path: Path) -> None:
    folder = render_into(tmp_path, DEFAULT.answers)
    assert fingerprint(folder) == fingerprint(render(DEFAULT))


def change(combination: Combination, question: str, answer: Answer) -> Combination:
    """Return a combination with another answer to one question."""
    answers = {**combination.answers, question: answer}
    return Combination(tuple(answers.values()))


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files that an answer may change, but for the one that keeps all answers."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in list_files(folder)
        if path.name != "pyproject.toml"
    }
