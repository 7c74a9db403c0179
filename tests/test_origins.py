"""origins.md says where everything that the project began from lives, and stays true."""

import re

import pytest

from tests.documents import TEMPLATE, read_code, read_rows
from tests.seeds import SECTIONS
from tests.small_template import ROOT

ORIGINS = ROOT / "docs" / "origins.md"
DECISIONS = ORIGINS.parent / "adr"
PLANNED = re.compile(r"planned: (sample system (Tasks|Dev Talk)|batches to Loki)")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_name_has_one_row_and_no_other_is_there(section: str) -> None:
    written = [name for cells in read_rows(ORIGINS, section) for name in read_code(cells[0])]
    assert sorted(written) == sorted(SECTIONS[section])


@pytest.mark.parametrize("section", SECTIONS)
def test_every_row_leads_to_a_file_a_decision_or_a_plan(section: str) -> None:
    for cells in read_rows(ORIGINS, section):
        paths = read_code(cells[1])
        decisions = re.findall(r"\[ADR \d+\]\(adr/([\w.-]+)\)", cells[1])
        assert paths or decisions or PLANNED.search(cells[1]), cells
        for path in paths:
            assert (TEMPLATE / path).exists() or (ROOT / path).exists(), path
        assert all((DECISIONS / name).exists() for name in decisions), cells


def test_what_is_planned_is_one_of_the_known_plans() -> None:
    text = ORIGINS.read_text(encoding="utf-8")
    assert len(PLANNED.findall(text)) == text.count("planned:")
