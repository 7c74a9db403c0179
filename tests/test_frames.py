"""Dead letters name the frames of a team's own code: all of these, and none of the template's."""

import ast
from pathlib import Path

from tests.marks import AMONG, choose_folders
from tests.renders import Part, list_files
from tests.zones import list_team_paths

OWNERS = Path("app/utils/dead_letter_frames.py")
CODE = Part(("app/**/*.py",))


def read_owned(folder: Path) -> tuple[str, ...]:
    """Return the packages and modules whose frames a service leaves out."""
    for node in ast.parse((folder / OWNERS).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TEMPLATE":
            names: tuple[str, ...] = ast.literal_eval(node.value)
            return names
    raise AssertionError(f"{OWNERS} has no TEMPLATE")


def find_consuming(*, every: bool) -> list[Path]:
    """Return rendered services that have dead letters."""
    return [each for each in choose_folders(CODE, every=every) if (each / OWNERS).exists()]


def list_modules(folder: Path, *, of_team: bool) -> set[str]:
    """Return the modules below `app` of the team, or of the template."""
    team = list_team_paths(folder)
    paths = {path.relative_to(folder) for path in list_files(folder, CODE.patterns)}
    return {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in paths - {Path("app/__init__.py")}
        if any(path.is_relative_to(each) for each in team) is of_team
    }


def is_left_out(module: str, owned: tuple[str, ...]) -> bool:
    """Tell whether frames of the module are left out."""
    return any(module == each or module.startswith(f"{each}.") for each in owned)


@AMONG
def test_each_module_of_the_template_is_left_out(*, every: bool) -> None:
    for folder in find_consuming(every=every):
        owned = read_owned(folder)
        modules = list_modules(folder, of_team=False)
        told = sorted(each for each in modules if not is_left_out(each, owned))
        assert told == [], f"add them to TEMPLATE in {OWNERS}"


@AMONG
def test_no_module_of_the_team_is_left_out(*, every: bool) -> None:
    for folder in find_consuming(every=every):
        owned = read_owned(folder)
        modules = list_modules(folder, of_team=True)
        assert not {each for each in modules if is_left_out(each, owned)}


@AMONG
def test_nothing_is_left_out_that_is_not_there(*, every: bool) -> None:
    folders = find_consuming(every=every)
    modules = {module for each in folders for module in list_modules(each, of_team=False)}
    assert {name for each in folders for name in read_owned(each)} <= modules
