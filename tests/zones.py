"""The two zones of a rendered service: which files are the team's."""

import shutil
import tomllib
from pathlib import Path

OVERLAYS = Path(__file__).parent / "overlays"
TRACES = ("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", ".git", ".tools")


def list_team_paths(service: Path) -> tuple[str, ...]:
    """Return what the service's own configuration says an update never touches."""
    project = tomllib.loads((service / "pyproject.toml").read_text(encoding="utf-8"))
    return tuple(project["tool"]["cruft"]["skip"])


def is_team_path(service: Path, path: Path) -> bool:
    """Tell whether a file is the team's: listed, or not rendered at all."""
    listed = any(path.is_relative_to(each) for each in list_team_paths(service))
    return listed or not (service / path).exists()


def lay_overlay(name: str, service: Path) -> list[Path]:
    """Copy a team's files over a rendered service in place of the starter's tests."""
    overlay = OVERLAYS / name
    paths = sorted(path.relative_to(overlay) for path in overlay.rglob("*") if path.is_file())
    foreign = [str(path) for path in paths if not is_team_path(service, path)]
    assert foreign == [], "an overlay holds the team's files only"
    for starter in (service / "tests/service").glob("test_*.py"):
        starter.unlink()
    for path in paths:
        (service / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(overlay / path, service / path)
    return paths


def read_template_zone(service: Path) -> dict[str, bytes]:
    """Return the content of every file that belongs to the template."""
    files = (path.relative_to(service) for path in service.rglob("*") if path.is_file())
    kept = [path for path in files if not set(path.parts) & set(TRACES)]
    team = list_team_paths(service)
    return {
        str(path): (service / path).read_bytes()
        for path in kept
        if not any(path.is_relative_to(each) for each in team)
    }
