"""What routes ask for runs on the event loop: in a thread it costs as much as all of a route."""

import ast
from pathlib import Path

import pytest

from tests.small_template import ROOT

PLACES = (ROOT / "{{cookiecutter.__folder}}/app", ROOT / "examples")


def list_files() -> list[Path]:
    """List the code that declares dependencies."""
    files = (path for place in PLACES for path in sorted(place.rglob("*.py")))
    return [path for path in files if "Depends(" in path.read_text()]


def list_wrong(code: str) -> list[str]:
    """Return the dependencies that are classes, or functions that are not asynchronous."""
    tree = ast.parse(code)
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    asked = [call for call in calls if ast.unparse(call.func) == "Depends"]
    # A class: FastAPI makes the instances of it in threads too.
    classes = ["Depends()" for call in asked if not call.args]
    names = [ast.unparse(call.args[0]) for call in asked if call.args]
    return classes + [name for name in names if name in functions]


@pytest.mark.parametrize("path", list_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_dependencies_are_asynchronous(path: Path) -> None:
    assert list_wrong(path.read_text()) == []


def test_what_would_wait_for_a_thread_is_found() -> None:
    code = "def find(): ...\n\nasync def get(): ...\n\nA = [Depends(find), Depends(get), Depends()]"
    assert list_wrong(code) == ["Depends()", "find"]
