"""Any text in the description and the author comes out right in every file that holds it."""

import tomllib
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.combinations import Answer
from tests.environments import make_full
from tests.programs import check
from tests.renders import render_into

DESCRIPTION = 'Says "hi", it\'s \\n not a {line}: # *emoji* 🚀 <b> & `ticks` [x]\nand a second line'
AUTHOR = 'O\'Neill "the {boss}" \\ Søn 🎉, <a@b.c>'
ONE_LINE = DESCRIPTION.replace("\n", " ")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service whose texts hold everything that some format gives a meaning to."""
    answers: dict[str, Answer] = {
        "description": DESCRIPTION,
        "author": AUTHOR,
        "kubernetes": True,
    }
    return render_into(tmp_path_factory.mktemp("texts"), answers)


def read_markdown(path: Path) -> str:
    """Return the text that a reader of a Markdown file sees."""
    tokens = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    inline = [child for token in tokens for child in token.children or ()]
    return " ".join("".join(child.content or " " for child in inline).split())


def test_toml_holds_them_to_the_letter(service: Path) -> None:
    project = tomllib.loads((service / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["description"] == DESCRIPTION
    assert project["authors"] == [{"name": AUTHOR}]


def test_markdown_shows_them_as_they_are_in_one_line(service: Path) -> None:
    shown = read_markdown(service / "README.md")
    assert ONE_LINE in shown
    assert AUTHOR in shown
    assert ONE_LINE in read_markdown(service / "AGENTS.md")


@pytest.mark.parametrize("pattern", ["**/*.yml", "**/*.yaml"])
def test_yaml_is_still_yaml(service: Path, pattern: str) -> None:
    files = [*service.glob(pattern), *service.glob(f".github/{pattern}")]
    assert files
    for path in files:
        assert list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_code_is_formatted_and_passes_the_linter(service: Path) -> None:
    ruff = make_full() / "bin" / "ruff"
    check(ruff, "format", "--check", "--no-cache", service, cwd=service)
    check(ruff, "check", "--no-cache", service, cwd=service)
