"""The template is valid before it is rendered: its tags are comments on their own lines."""

import ast
import configparser
import json
import re
import statistics
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.combinations import DEFAULT
from tests.programs import check, find_program
from tests.renders import list_files, render
from tests.small_template import FOLDER, ROOT

TEMPLATE = ROOT / FOLDER
TAG_LINE = re.compile(r"\s*# \{%-? (?P<tag>\w+)( .*[^-\s])? -?%\}\s*")
OPENS, CLOSES = {"if", "raw"}, {"endif", "endraw"}
# The only languages in which both branches can stand one after the other.
MAY_BRANCH = {".py", ".md"}
VALUE = re.compile(r"\{\{ cookiecutter\.\w+( \| \w+)* \}\}")
DOCKERFILE = re.compile(
    r"(FROM|COPY|ENV|WORKDIR|RUN|LABEL|USER|STOPSIGNAL|EXPOSE|HEALTHCHECK|CMD|ARG|ENTRYPOINT|VOLUME)"
    r" \S.*"
)
# A module is what one wants to read at one sitting: few and whole, not many and small.
LONGEST, MEDIAN, NINTH_DECILE = 300, 82, 179


def is_tool_output(path: Path) -> bool:
    """Tell whether a tool has left this in the template on this machine."""
    return any(part == "__pycache__" or part.endswith("_cache") for part in path.parts)


FILES = [path for path in list_files(TEMPLATE) if not is_tool_output(path.relative_to(TEMPLATE))]


def select(*endings: str) -> pytest.MarkDecorator:
    """Give a test every unrendered file whose name ends in one of these."""
    paths = [path for path in FILES if path.name.endswith(endings)]
    return pytest.mark.parametrize(
        "path", paths, ids=lambda path: path.relative_to(TEMPLATE).as_posix()
    )


def parse_python(path: Path) -> None:
    """Read Python."""
    ast.parse(path.read_text(encoding="utf-8"))


def parse_toml(path: Path) -> None:
    """Read TOML."""
    tomllib.loads(path.read_text(encoding="utf-8"))


def parse_yaml(path: Path) -> None:
    """Read every document of a YAML file."""
    assert list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def parse_json(path: Path) -> None:
    """Read JSON."""
    json.loads(path.read_text(encoding="utf-8"))


def parse_ini(path: Path) -> None:
    """Read the configuration of Alembic."""
    assert configparser.ConfigParser(interpolation=None).read(path)


def parse_recipes(path: Path) -> None:
    """Let just read its recipes."""
    check(find_program("just"), "--justfile", path, "--dump", cwd=path.parent)


def parse_dockerfile(path: Path) -> None:
    """Find an instruction at the start of every line that continues none."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    assert [line for line in text.splitlines() if not DOCKERFILE.fullmatch(line)] == []


def parse_shell(path: Path) -> None:
    """Let the shell read its script."""
    check("sh", "-n", path)


PARSERS: dict[str, Callable[[Path], None]] = {
    ".py": parse_python,
    ".toml": parse_toml,
    ".yml": parse_yaml,
    ".yaml": parse_yaml,
    ".json": parse_json,
    ".ini": parse_ini,
    "justfile": parse_recipes,
    ".just": parse_recipes,
    "Dockerfile": parse_dockerfile,
    "/just": parse_shell,
}
CODE = tuple(ending for ending in PARSERS if ending != "/just")


def find_parser(path: Path) -> Callable[[Path], None]:
    """Return what reads the language of a file."""
    ending = path.suffix or f"/{path.name}"
    return PARSERS.get(ending) or PARSERS[path.name]


def read_tags(path: Path) -> Iterator[tuple[int, str]]:
    """Return the number of each line with a tag, and the tag's first word."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if match := TAG_LINE.fullmatch(line):
            yield number, match["tag"]


@select(*CODE)
def test_file_parses_in_its_own_language(path: Path) -> None:
    find_parser(path)(path)


@select("")
def test_tag_stands_alone_on_its_line(path: Path) -> None:
    numbers = {number for number, _ in read_tags(path)}
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    wrong = [line for number, line in lines if "# {%" in line and number not in numbers]
    assert wrong == []


@select("")
def test_tags_are_not_nested_and_all_closed(path: Path) -> None:
    depth = 0
    for number, tag in read_tags(path):
        assert tag in OPENS | CLOSES | {"else"}, number
        depth += (tag in OPENS) - (tag in CLOSES)
        assert depth in {0, 1}, number
        assert tag != "else" or depth == 1, number
    assert depth == 0


@select("")
def test_only_python_and_markdown_branch(path: Path) -> None:
    assert path.suffix in MAY_BRANCH or "else" not in {tag for _, tag in read_tags(path)}


@select(".just", "justfile")
def test_recipes_hold_no_value(path: Path) -> None:
    assert "{{" not in path.read_text(encoding="utf-8")


@select(*CODE)
def test_value_stands_between_quotes(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        unquoted = re.sub(r'"[^"]*"', lambda match: VALUE.sub("", match[0]), line)
        assert "{{ cookiecutter" not in unquoted, line


@select("")
def test_file_opens_no_comment_of_jinja(path: Path) -> None:
    assert "{" + "#" not in path.read_text(encoding="utf-8")


@select(".py")
def test_signature_is_the_same_for_every_choice(path: Path) -> None:
    tagged = {number for number, _ in read_tags(path)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = [each for each in ast.walk(node.args) if isinstance(each, ast.arg | ast.expr)]
            parts += [node.returns] if node.returns else []
            last = max((each.end_lineno or 0 for each in parts), default=node.lineno)
            assert not tagged & set(range(node.lineno, last + 1)), node.name


def test_every_kind_of_file_with_a_tag_has_a_parser_or_is_text() -> None:
    texts = {".md", ".txt", ".dockerignore", ".gitignore", ".example", ".env"}
    for path in FILES:
        if any(read_tags(path)):
            assert path.name.endswith((*CODE, *texts)), path.name


def test_python_files_of_the_default_service_are_small() -> None:
    files = list_files(render(DEFAULT), ["**/*.py"])
    lengths = sorted(path.read_text(encoding="utf-8").count("\n") for path in files)
    median, ninth = statistics.median(lengths), statistics.quantiles(lengths, n=10)[-1]
    print(f"{len(files)} files: median {median:.0f}, 90% {ninth:.0f}, longest {lengths[-1]} lines")
    assert lengths[-1] <= LONGEST
    assert median <= MEDIAN
    assert ninth <= NINTH_DECILE
