"""The ordinary ways to render a service: all lead to the same files."""

import shutil
from pathlib import Path

import pytest

from tests.combinations import DEFAULT
from tests.programs import check, find_program, run
from tests.recipes import commit
from tests.renders import NAME, fingerprint, render, take_snapshot
from tests.small_template import ROOT

pytestmark = pytest.mark.slow

COOKIECUTTER = "cookiecutter==2.7.1"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a git repository that holds the template."""
    folder = tmp_path_factory.mktemp("repository") / "template.git"
    shutil.copytree(take_snapshot() / "template", folder)
    commit(folder)
    return f"file://{folder}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home directory."""
    home = tmp_path / "home"
    home.mkdir()
    return home


def assert_default(service: Path) -> None:
    """Check that a service is the default one, whatever else the way has put beside it."""
    (service / ".cruft.json").unlink(missing_ok=True)
    assert fingerprint(service) == fingerprint(render(DEFAULT))


def test_cookiecutter_with_a_path(tmp_path: Path, home: Path) -> None:
    template = take_snapshot() / "template"
    command = (find_program("cookiecutter"), template, "--no-input")
    check(*command, "--output-dir", tmp_path, HOME=str(home))
    assert_default(tmp_path / NAME)


def test_cookiecutter_with_a_git_url(tmp_path: Path, home: Path, url: str) -> None:
    command = (find_program("cookiecutter"), url, "--no-input")
    check(*command, "--output-dir", tmp_path, HOME=str(home))
    assert_default(tmp_path / NAME)


def test_uvx_cookiecutter(tmp_path: Path, url: str) -> None:
    configuration = tmp_path / "cookiecutter.yml"
    configuration.write_text(f"replay_dir: {tmp_path / 'replay'}\ncookiecutters_dir: {tmp_path}\n")
    tool = ("--config-file", configuration, url, "--no-input", "--output-dir", tmp_path)
    uvx = (find_program("uv"), "tool", "run")
    # From the cache where it is there, so that a second run needs no network.
    if run(*uvx, "--offline", "--from", COOKIECUTTER, "cookiecutter", *tool).returncode != 0:
        check(*uvx, "--from", COOKIECUTTER, "cookiecutter", *tool)
    assert_default(tmp_path / NAME)


def test_cruft_create(tmp_path: Path, home: Path, url: str) -> None:
    command = (find_program("cruft"), "create", url, "--no-input", "--output-dir", tmp_path)
    check(*command, HOME=str(home))
    assert (tmp_path / NAME / ".cruft.json").exists()
    assert_default(tmp_path / NAME)


def test_just_new(tmp_path: Path, home: Path) -> None:
    check(ROOT / "just", "new", "--no-input", cwd=tmp_path, HOME=str(home))
    assert (tmp_path / NAME / "app/main.py").exists()
