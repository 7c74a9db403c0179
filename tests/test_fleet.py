"""Many services are shown beside their template, found and chosen by their names."""

import shutil
from pathlib import Path

import pytest

from tests.fleet_services import NEW, Run
from tests.programs import find_program, run
from tests.recipes import share_tools
from tests.small_template import ROOT
from tests.template_versions import LINES, Versions, write
from tools.fleet import __main__ as fleet


def test_the_table_shows_each_service_beside_the_template(
    versions: Versions, services: Path, run_fleet: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    versions.release({"app/core.py": NEW})
    write(services / "billing", {"app/core.py": LINES + "ours\n", "README.md": "ours\n"})
    shutil.rmtree(services / "orders" / ".git")
    write(services / "stock", {".cruft.json": "{"})
    assert run_fleet() == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert "1 commit" in rows["billing"]
    assert "dirty" in rows["billing"]
    assert rows["billing"].endswith("app/core.py")
    assert "no git" in rows["orders"]
    assert "unreadable" in rows["stock"]
    assert "is not JSON" in rows["stock:"]


def test_the_table_shows_the_answers_that_are_not_the_defaults(
    services: Path, run_fleet: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    state = (services / "orders" / ".cruft.json").read_text()
    chosen = state.replace('"kubernetes": false', '"kubernetes": true').replace("redis", "none")
    write(services / "orders", {".cruft.json": chosen})
    run_fleet()
    assert "cache=none kubernetes=true" in capsys.readouterr().out


def test_a_service_without_its_origin_is_shown_with_what_to_do(
    services: Path, run_fleet: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (services / "orders" / ".cruft.json").unlink()
    write(services / "other", {"pyproject.toml": "this is no TOML"})
    assert run_fleet() == 0
    shown = capsys.readouterr().out
    assert "orders: " in shown
    assert "`./just template-update --link TEMPLATE` writes .cruft.json again." in shown
    assert "other" not in shown


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing"], "missing is no folder: name one that holds services."),
        (["empty"], "There is no service in empty, nor one level below: "),
        (["services", "--update", "shop"], "There is no service shop: choose of billing, orders, "),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(
    inside: Versions, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fleet.main(arguments, inside.template) == 1
    said = capsys.readouterr().err
    assert said.startswith(sentence)
    assert said.count("\n") == 1


def test_namesakes_are_told_apart(versions: Versions, services: Path) -> None:
    versions.release({"app/core.py": NEW})
    other = services.parent / "others"
    shutil.copytree(services / "orders", other / "orders")
    folders = [str(services), str(other), str(services / "stock")]
    assert fleet.main([*folders, "--no-check", "--update", "others/orders"], versions.template) == 0
    assert (other / "orders" / "app/core.py").read_text() == NEW
    assert (services / "orders" / "app/core.py").read_text() == LINES


@pytest.mark.slow
def test_the_recipe_takes_folders_from_where_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    recipe = (find_program("just"), "--justfile", ROOT / "justfile", "fleet", "empty")
    said = run(*recipe, cwd=tmp_path, **share_tools())
    assert said.returncode == 1
    assert said.stdout.startswith("There is no service in empty, nor one level below: ")
