"""The reference holds every question, setting, recipe and seam, and none that is gone."""

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path

from tests.combinations import CHOICES, FREE_TEXT, TELLING
from tests.documents import TEMPLATE, read_code, read_recipes, read_rows
from tests.renders import render
from tests.small_template import ROOT
from tests.zones import list_team_paths

REFERENCE = ROOT / "docs" / "reference.md"
CORE = ("config", "http_config", "server_config", "tracing_config")
CORE_SETTINGS = tuple(f"core/{name}.py" for name in CORE)
SETTINGS = (*CORE_SETTINGS, "domain/settings.py")

Settings = dict[str, str]
"""The default of each variable, as it is written in .env."""


def read_prefix(group: ast.ClassDef) -> str:
    """Return what stands before the names of a group's variables."""
    for node in ast.walk(group):
        if isinstance(node, ast.keyword) and node.arg == "env_prefix":
            return str(ast.literal_eval(node.value))
    return ""


def read_default(value: ast.expr) -> str:
    """Return the default of a field, whether it stands alone or in Field(default=...)."""
    if isinstance(value, ast.Call):
        value = next(each.value for each in value.keywords if each.arg == "default")
    default = ast.literal_eval(value)
    return "" if default in (None, ()) else str(default)


def read_settings(service: Path, names: Sequence[str] = SETTINGS) -> Settings:
    """Return the variables that a service, or the unrendered template, reads."""
    settings: Settings = {}
    for path in filter(Path.is_file, (service / "app" / name for name in names)):
        for group in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(group, ast.ClassDef) or not group.bases:
                continue
            for field in group.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    assert field.value is not None, f"{group.name}.{field.target.id}: no default"
                    variable = f"{read_prefix(group)}{field.target.id}".upper()
                    settings[variable] = read_default(field.value)
    return settings


def test_every_question_and_choice_is_there_in_order() -> None:
    expected = [(question, "text") for question in FREE_TEXT]
    for question, choices in CHOICES.items():
        names = ["true", "false"] if isinstance(choices[0], bool) else map(str, choices)
        expected += [(question, name) for name in names]
    rows = read_rows(REFERENCE, "Questions")
    assert [(cells[0].strip("`"), cells[1].strip("`")) for cells in rows] == expected


def test_every_question_of_the_file_is_asked_for() -> None:
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    asked = {question for question in questions if not question.startswith("_")}
    assert asked == {cells[0].strip("`") for cells in read_rows(REFERENCE, "Questions")}


def test_every_setting_is_there_with_its_default() -> None:
    expected = read_settings(TEMPLATE) | {"SERVICE_NAME": "the answer"}
    rows = read_rows(REFERENCE, "Settings")
    written = {cells[0].strip("`"): cells[1].strip("`") for cells in rows}
    assert written == {name: default or "not set" for name, default in expected.items()}


def test_every_recipe_is_there_and_no_other() -> None:
    rows = read_rows(REFERENCE, "Recipes")
    assert {cells[0].strip("`") for cells in rows} == read_recipes(TEMPLATE / "justfile")


def test_every_seam_is_a_file_of_the_team() -> None:
    service = render(TELLING["default"])
    team = list_team_paths(service)
    seams = [(read_code(cells[1]), cells[2]) for cells in read_rows(REFERENCE, "The seams")]
    yours = {path for paths, whose in seams for path in paths if whose == "yours"}
    created = {path for paths, whose in seams for path in paths if whose == "you create it"}
    assert all((service / path).exists() for path in yours)
    assert all(any(Path(path).is_relative_to(each) for each in team) for path in yours)
    listed = [path for paths, _ in seams for path in paths if not path.startswith("./just ")]
    assert all(any(Path(path).is_relative_to(each) for path in listed) for each in team)
    assert not any((service / path).is_file() for path in created)


def test_what_the_seams_offer_can_be_imported_from_where_it_is_said() -> None:
    for names, module, _ in read_rows(REFERENCE, "What the seams offer"):
        path = TEMPLATE / f"{module.strip('`').replace('.', '/')}.py"
        text = path.read_text(encoding="utf-8")
        for name in read_code(names):
            assert re.search(rf"^(class |def |){name}\b", text, re.MULTILINE), f"{module}: {name}"


def test_servers_of_a_services_tests_are_named_by_these_variables() -> None:
    paths = [*(TEMPLATE / "tests").rglob("*.py"), *(TEMPLATE / ".github").rglob("ci.yml")]
    texts = "".join(path.read_text(encoding="utf-8") for path in paths)
    variables = set(re.findall(r"TEST_[A-Z]+_URL", texts))
    page = set(re.findall(r"TEST_[A-Z]+_URL", REFERENCE.read_text(encoding="utf-8")))
    assert page == variables
