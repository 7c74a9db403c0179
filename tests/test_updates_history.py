"""The services of the samples are updated from where this repository's history has them first."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.line.services import Service, Workshop
from tests.line.trees import read_tree
from tests.programs import check, find_program, run
from tests.recipes import IDENTITY, commit
from tests.renders import take_snapshot
from tests.small_template import ROOT
from tools.system import file
from tools.system.rendering import lay_overlays
from tools.updates.checking import GENERATED

pytestmark = [pytest.mark.slow, pytest.mark.waits]

SAMPLES = {
    name: file.read_file(ROOT / "examples" / name / "system.yml") for name in ("tasks", "dev-talk")
}
SERVICES = [(sample, each) for sample, system in SAMPLES.items() for each in system.services]
NAMES = [entry.name for _, entry in SERVICES]
TODAY = "today"
CHECKED = "tasks-worker"
"""The service that is installed and checked on the way, as teams let theirs be."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A clone of this repository, in which the template as it is here is the last commit."""
    home = tmp_path_factory.mktemp("history")
    template = home / "template"
    # Without a history, today is all that there is.
    if run("git", "clone", "--quiet", ROOT, template).returncode != 0:
        check("git", "init", "--quiet", template)
    for path in (take_snapshot() / "template").iterdir():
        shutil.rmtree(template / path.name, ignore_errors=True)
        copy = shutil.copytree if path.is_dir() else shutil.copy2
        copy(path, template / path.name)
    check("git", "checkout", "--quiet", "-b", TODAY, cwd=template)
    check("git", "add", "--all", cwd=template)
    if run("git", "diff", "--cached", "--quiet", cwd=template).returncode != 0:
        check("git", *IDENTITY, "commit", "--quiet", "--message", TODAY, cwd=template)
    return Workshop(template, home)


@pytest.mark.parametrize(("sample", "entry"), SERVICES, ids=NAMES)
def test_a_service_of_a_sample_comes_to_today(
    history: Workshop, sample: str, entry: file.Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("just", "uv"):
        monkeypatch.setenv("PATH", str(Path(find_program(program)).parent), prepend=":")
    service = make(history, sample, entry)
    before = service.read_teams()
    outcome = history.update(service, TODAY, {}, check=entry.name == CHECKED)
    assert outcome.conflicts == ()
    after = service.read_teams()
    assert [
        name for name in before.keys() - GENERATED.keys() if after.get(name) != before[name]
    ] == []
    assert history.find_differences(service, TODAY) == []


def make(history: Workshop, sample: str, entry: file.Service) -> Service:
    """Make a service as the sample first did, with the files of its team as they are today."""
    service = history.create(entry.name, find_first(history.template, sample), entry.answers)
    rendered = set(read_tree(service.folder))
    check(sys.executable, "tools/clear_starter.py", cwd=service.folder)
    overlays = (ROOT / "examples" / sample / overlay for overlay in entry.overlays)
    lay_overlays(service.folder, overlays)
    commit(service.folder)
    service.own |= read_tree(service.folder).keys() - rendered
    return service


def find_first(template: Path, sample: str) -> str:
    """Return the oldest commit of the main line that has a sample, or the oldest that there is."""
    log = ("git", "log", "--first-parent", "-m", "--diff-filter=A", "--format=%H", TODAY)
    added = check(*log, "--", f"examples/{sample}/system.yml", cwd=template).split()
    return added[-1] if added else TODAY
