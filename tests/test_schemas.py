"""The files that other programs read follow the schemas of those who read them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.marks import AMONG, choose_folders
from tests.programs import check
from tests.renders import PARTS, Part, list_files

TOOLS = Path(sys.executable).parent
COMPOSE = Part(("docker-compose.yml",))
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


def read_manifests(path: Path) -> Iterator[dict[str, Any]]:
    """Read the documents of a file."""
    with path.open(encoding="utf-8") as file:
        yield from yaml.safe_load_all(file)


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
def test_manifests_follow_the_schemas_of_kubernetes(*, every: bool) -> None:
    files = list_different(PARTS["kubernetes"], every=every)
    manifests = [path for path in files if path.name != "kustomization.yaml"]
    check(TOOLS / "kubernetes-validate", "--strict", "--quiet", *manifests)


@AMONG
def test_manifests_are_the_ones_that_kustomize_is_told(*, every: bool) -> None:
    for folder in choose_folders(PARTS["kubernetes"], every=every):
        place = folder / "deploy" / "kubernetes"
        (told,) = read_manifests(place / "kustomization.yaml")
        there = {path.name for path in place.glob("*.yaml")} - {"kustomization.yaml"}
        assert told["kind"] == "Kustomization"
        assert set(told["resources"]) == there


def count_at_most(deployment: dict[str, Any]) -> int:
    """Return how many replicas of a Deployment there are while an update goes on."""
    replicas = int(deployment["spec"]["replicas"])
    update = deployment["spec"].get("strategy", {}).get("rollingUpdate", {})
    # What Kubernetes does unless told otherwise: a quarter more, rounded up.
    return replicas + int(update.get("maxSurge", -(-replicas // 4)))


@AMONG
def test_connections_are_shared_by_as_many_replicas_as_there_can_be(*, every: bool) -> None:
    for folder in choose_folders(PARTS["kubernetes"], every=every):
        place = folder / "deploy" / "kubernetes"
        (variables,) = read_manifests(place / "configmap.yaml")
        deployments = [
            count_at_most(each)
            for path in place.glob("*.yaml")
            for each in read_manifests(path)
            if each["kind"] == "Deployment"
        ]
        if (place / "migration.yaml").exists():
            assert int(variables["data"]["REPLICAS"]) == max(deployments)


@AMONG
def test_every_manifest_has_a_name_of_its_own(*, every: bool) -> None:
    for folder in choose_folders(PARTS["kubernetes"], every=every):
        manifests = [
            (each["kind"], each["metadata"]["name"])
            for path in list_files(folder, PARTS["kubernetes"].patterns)
            for each in read_manifests(path)
            if path.name != "kustomization.yaml"
        ]
        assert len(set(manifests)) == len(manifests)
