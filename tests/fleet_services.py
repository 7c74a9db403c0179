"""A few services of one version of a small template, and the fleet run on them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rendered_once import RenderedOnce
from tests.template_versions import LINES, Versions
from tools.fleet import __main__ as fleet

Run = Callable[..., int]
NEW = LINES.replace("line_2 = 2", "line_2 = 22")


@pytest.fixture
def services(versions: Versions) -> Path:
    """Three services of one version of a template, in a folder."""
    folder = versions.template.parent / "services"
    for name in ("billing", "orders", "stock"):
        shutil.copytree(versions.service, folder / name)
    return folder


@pytest.fixture
def run_fleet(versions: Versions, services: Path, tmp_path: Path) -> Run:
    """Run the fleet on the services, with the template beside them."""
    once = RenderedOnce(tmp_path / "renders")

    def run(*options: str) -> int:
        with once.used():
            return fleet.main([str(services), *options], versions.template)

    return run


@pytest.fixture
def author(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be somebody whom git knows."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@example.com")


@pytest.fixture
def inside(versions: Versions, services: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """Be where the folder of services is, beside an empty one."""
    monkeypatch.chdir(services.parent)
    Path("empty").mkdir()
    return versions
