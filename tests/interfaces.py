"""The public interface as telling renders have it; `./just interface` accepts it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

from tests.combinations import CHOICES, FREE_TEXT, TELLING
from tests.documents import read_code, read_recipes, read_rows
from tests.renders import list_files, render
from tests.small_template import ROOT
from tests.test_reference import CORE_SETTINGS, REFERENCE, read_settings
from tests.zones import list_team_paths
from tools import interface
from tools.versions import find_note, read_version

Parts = dict[str, str]
# Methods that Python calls, and how a class is made: nobody names them.
UNNAMED = {"__post_init__", "__pydantic_init_subclass__", "model_config"}


def read_interface() -> interface.Interface:
    """Return the interface of each telling service."""
    return {name: read_service(render(combination)) for name, combination in TELLING.items()}


def read_service(service: Path) -> Parts:
    """Return what a team relies on in one service, and what the service expects of its team."""
    imported = list(read_imports(service))
    team = list_team_paths(service)
    offered = {name for path, name in imported if is_team(path, team)} | read_promised()
    expected = {name for path, name in imported if not is_team(path, team)}
    return {
        **dict.fromkeys(read_questions(), ""),
        **{f"setting {name}": "" for name in read_settings(service, CORE_SETTINGS)},
        **{f"recipe {name}": "" for name in read_recipes(service / "justfile")},
        **{f"team {path}": "" for path in team},
        **{f"starter {path}": "" for path in list_starters(service, team)},
        **{f"fixture {name}": "" for name in read_fixtures(service)},
        **{f"expected {name}": "" for name in expected if is_team(locate(name), team)},
        **dict(describe(service, {name for name in offered if not is_team(locate(name), team)})),
    }


def read_questions() -> Iterator[str]:
    """Yield every question, and every choice of one."""
    yield from (f"question {question}" for question in FREE_TEXT)
    for question, choices in CHOICES.items():
        yield from (f"choice {question}={str(choice).lower()}" for choice in choices)


def read_promised() -> set[str]:
    """Return the names that the reference says the seams offer."""
    rows = read_rows(REFERENCE, "What the seams offer")
    return {f"{module.strip('`')}.{name}" for names, module, _ in rows for name in read_code(names)}


def read_imports(service: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file of a service with the names that it imports from other files there."""
    for path in list_files(service, ("app/**/*.py", "tests/**/*.py", "migrations/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(("app", "tests")):
                for alias in node.names:
                    yield path.relative_to(service), f"{node.module}.{alias.name}"


def locate(name: str) -> Path:
    """Return where the module of a name is."""
    return Path(*name.split(".")[:-1])


def is_team(path: Path, team: tuple[str, ...]) -> bool:
    """Tell whether a file, or a module, is the team's."""
    return any(path.with_suffix("").is_relative_to(Path(each).with_suffix("")) for each in team)


def list_starters(service: Path, team: tuple[str, ...]) -> Iterator[str]:
    """Yield the code of the team's that the template could import."""
    for path in list_files(service, ("app/**/*.py",)):
        if is_team(path.relative_to(service), team):
            yield path.relative_to(service).as_posix()


def read_fixtures(service: Path) -> Iterator[str]:
    """Yield the fixtures of the test kit."""
    for path in list_files(service, ("tests/kit/*.py",)):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                decorators = map(ast.unparse, node.decorator_list)
                if any(each.startswith("pytest.fixture") for each in decorators):
                    yield node.name


def describe(service: Path, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield names with their forms, and the members of those that are classes."""
    packages = {}
    for package in ("app", "tests"):
        loader = griffe.GriffeLoader(search_paths=[service], allow_inspection=False)
        packages[package] = loader.load(package)
    for name in names:
        package, _, path = name.partition(".")
        try:
            found = packages[package][path]
        except KeyError:
            continue
        yield f"name {name}", describe_form(found)
        for member, each in found.all_members.items() if found.is_class else ():
            if each.is_public and member not in UNNAMED:
                yield f"name {name}.{member}", describe_form(each)


def describe_form(found: griffe.Object | griffe.Alias) -> str:
    """Return what something is, with the signature of a function."""
    found = found.final_target if isinstance(found, griffe.Alias) else found
    if isinstance(found, griffe.Class):
        return f"class ({', '.join(map(str, found.bases))})"
    if not isinstance(found, griffe.Function):
        return found.kind.value
    kind = "async function" if "async" in found.labels else "function"
    return f"{kind} {found.signature().removeprefix(found.name)}"


def find_breaks(now: interface.Interface) -> list[str]:
    """Say what services that rely on the recorded interface miss in another one."""
    path = ROOT / interface.RECORD
    record = path.read_text(encoding="utf-8") if path.exists() else interface.write(now)
    return interface.find_breaks(interface.read(record, TELLING), now)


def accept() -> int:
    """Write the interface as it is now; what breaks services wants an upgrade note before."""
    now = read_interface()
    note = find_note(read_version(ROOT).next_major, ROOT)
    breaks = find_breaks(now)
    for sentence in breaks:
        print(sentence, file=sys.stderr)
    if breaks and not note.is_file():
        print(f"Keep it, or write {note.relative_to(ROOT)} first.", file=sys.stderr)
        return 1
    path, record = ROOT / interface.RECORD, interface.write(now)
    changed = not path.exists() or path.read_text(encoding="utf-8") != record
    path.write_text(record, encoding="utf-8", newline="\n")
    print(f"{interface.RECORD}: {'changed' if changed else 'the same'}")
    return 0


if __name__ == "__main__":
    sys.exit(accept())
