"""The decisions: short, of one shape, and all in the index."""

import re
from pathlib import Path

import pytest

from tests.documents import read_rows
from tests.small_template import ROOT

FOLDER = ROOT / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
LONGEST = 50
SECTIONS = ["Context", "Decision", "Alternatives", "Consequences"]


def read_title(decision: Path) -> tuple[int, str]:
    """Return the number and the title of a decision."""
    first = decision.read_text(encoding="utf-8").splitlines()[0]
    ((number, title),) = re.findall(r"^# (\d+)\. (.+)$", first)
    return int(number), title


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_decision_is_short_and_has_every_section(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert int(decision.name.partition("-")[0]) == read_title(decision)[0]


def test_index_holds_every_decision_in_order() -> None:
    expected = [
        [str(number), f"[{title}]({path.name})"]
        for path in DECISIONS
        for number, title in [read_title(path)]
    ]
    assert read_rows(FOLDER / "README.md", "Decisions") == expected
    assert [int(number) for number, _ in expected] == list(range(1, len(DECISIONS) + 1))
