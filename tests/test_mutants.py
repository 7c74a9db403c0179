"""Planted bugs: each can be planted in what is rendered now, and names tests that are there."""

import ast
from pathlib import Path

import pytest

from drills.mutants import MUTANTS, Mutant
from drills.planting import choose, is_noticed, main
from tests.combinations import DEFAULT
from tests.renders import render


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_each_can_be_planted(mutant: Mutant) -> None:
    service = render(DEFAULT)
    source = (service / mutant.path).read_text(encoding="utf-8")
    planted = mutant.plant(source)
    assert planted != source
    ast.parse(planted)
    assert (service / mutant.tests).exists()


def test_one_whose_module_has_changed_is_not_planted() -> None:
    with pytest.raises(ValueError, match="has not once"):
        MUTANTS[0].plant("pass\n")


def test_they_are_chosen_by_words_of_their_names() -> None:
    assert choose(MUTANTS, []) == list(MUTANTS)
    assert {each.name.partition(":")[0] for each in choose(MUTANTS, ["INBOX:"])} == {"Inbox"}


def test_the_command_lists_what_is_chosen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["just mutants", "--list", "inbox"])
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(choose(MUTANTS, ["inbox"]))
    assert lines[0] == "Inbox: the source is no part of the identity: tests/test_inbox.py"


@pytest.mark.parametrize(("code", "noticed"), [(0, False), (1, True), (2, False), (124, True)])
def test_only_tests_that_fail_or_do_not_end_have_noticed(
    code: int, noticed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "app/services/one.py"
    module.parent.mkdir(parents=True)
    module.write_text("good = True\n", encoding="utf-8")
    seen: list[str] = []

    class Ended:
        returncode = code

    def run(*_: object, **__: object) -> Ended:
        seen.append(module.read_text(encoding="utf-8"))
        return Ended()

    monkeypatch.setattr("drills.planting.run", run)
    mutant = Mutant("one", "one", "True", "False", "tests/test_one.py")
    assert is_noticed(mutant, tmp_path, {}) is noticed
    assert seen == ["good = False\n"]
    assert module.read_text(encoding="utf-8") == "good = True\n"
