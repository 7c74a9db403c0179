"""What a team's code imports, the image installs: `./just lint` says where it would not."""

import shutil
from pathlib import Path

import pytest

from tests.combinations import DEFAULT, TELLING, Combination
from tests.environments import make_own
from tests.programs import check, run
from tests.recipes import make_service, run_recipe
from tests.renders import render

COMMAND = ("deptry", ".", "--config", "deptry.toml", "--no-ansi")


@pytest.fixture
def service(tmp_path: Path) -> Path:
    return Path(shutil.copytree(render(DEFAULT), tmp_path / "service"))


def ask(service: Path) -> str:
    """Return what is wrong with the imports of a service."""
    program = make_own(render(DEFAULT)) / "bin" / COMMAND[0]
    return run(program, *COMMAND[1:], cwd=service).stdout


@pytest.mark.parametrize("combination", TELLING.values(), ids=TELLING)
def test_the_starter_imports_nothing_that_is_not_there(combination: Combination) -> None:
    folder = render(combination)
    check(make_own(folder) / "bin" / COMMAND[0], *COMMAND[1:], cwd=folder)


@pytest.mark.parametrize("place", ["resources.py", "domain/partner.py", "api/router.py"])
@pytest.mark.parametrize("library", ["httpx", "hypothesis", "yaml", "nowhere"])
def test_a_library_of_tests_of_others_or_of_nobody_is_named_with_its_line(
    service: Path, place: str, library: str
) -> None:
    with (service / "app" / place).open("a", encoding="utf-8") as file:
        file.write(f"\nimport {library}\n")
    assert f"app/{place}:" in ask(service)
    assert f"'{library}' imported but" in ask(service)


def test_a_library_of_the_team_or_of_the_template_is_fine(service: Path) -> None:
    with (service / "requirements-service.txt").open("a", encoding="utf-8") as file:
        file.write("httpx==1.0\n")
    with (service / "app/resources.py").open("a", encoding="utf-8") as file:
        file.write("\nimport httpx\nimport sqlalchemy\nimport json\n")
    assert "imported but" not in ask(service)


@pytest.mark.slow
def test_the_recipe_says_what_to_do(tmp_path: Path) -> None:
    service = make_service(tmp_path / "service", DEFAULT)
    partner = '"""A partner."""\n\nimport httpx\n\nClient = httpx.AsyncClient\n'
    (service / "app/domain/partner.py").write_text(partner, encoding="utf-8")
    result = run_recipe(service, "lint")
    assert result.returncode != 0
    assert "'httpx' imported but declared as a dev dependency" in result.stdout
    assert "belongs in requirements-service.txt" in result.stdout
