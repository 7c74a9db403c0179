"""The files that other programs read follow the schemas of those who read them."""

import sys
from pathlib import Path

import pytest

from tests.marks import AMONG, choose_folders
from tests.programs import check
from tests.renders import PARTS, Part, list_files

TOOLS = Path(sys.executable).parent
COMPOSE = Part(("docker-compose.yml", "deploy/observability/docker-compose.yml"))
DEPENDABOT = Part((".github/dependabot.yml",), needs={"ci": "github"})
RENOVATE = Part(("renovate.json",), needs={"ci": "gitlab"})
GITLAB = Part((".gitlab-ci.yml",), needs={"ci": "gitlab"})
WORKFLOWS = Part((".github/workflows/*.yml",), needs={"ci": "github"})
# What yamllint calls a mistake; how a line looks is a matter of taste and of .editorconfig.
YAML_RULES = (
    "{extends: relaxed, rules: {line-length: disable, comments: enable, empty-lines: {max: 1}}}"
)
SCHEMAS = {
    "vendor.compose-spec": COMPOSE,
    "vendor.dependabot": DEPENDABOT,
    "vendor.gitlab-ci": GITLAB,
    "vendor.renovate": RENOVATE,
    "vendor.github-workflows": WORKFLOWS,
}


def list_different(part: Part, *, every: bool) -> list[Path]:
    """Return the files of a kind, one for each content."""
    folders = choose_folders(part, every=every)
    files = [path for folder in folders for path in list_files(folder, part.patterns)]
    return list({path.read_bytes(): path for path in reversed(files)}.values())


@AMONG
@pytest.mark.parametrize("schema", SCHEMAS)
def test_file_follows_its_schema(schema: str, *, every: bool) -> None:
    files = list_different(SCHEMAS[schema], every=every)
    check(TOOLS / "check-jsonschema", "--color=never", "--builtin-schema", schema, *files)


@AMONG
def test_workflows_have_no_known_weakness(*, every: bool) -> None:
    parts = (WORKFLOWS, DEPENDABOT)
    files = [path for part in parts for path in list_different(part, every=every)]
    check(TOOLS / "zizmor", "--offline", "--no-progress", *files)


@AMONG
@pytest.mark.parametrize("name", ["compose", "github", "gitlab", "kubernetes"])
def test_yaml_has_no_mistake(name: str, *, every: bool) -> None:
    files = list_different(PARTS[name], every=every)
    files = [path for path in files if path.suffix in {".yml", ".yaml"}]
    check(TOOLS / "yamllint", "--strict", "--config-data", YAML_RULES, *files)


@AMONG
def test_dockerfiles_have_no_mistake(*, every: bool) -> None:
    files = list_different(Part(("Dockerfile",)), every=every)
    check(TOOLS / "hadolint", "--no-color", "--failure-threshold", "style", *files)
