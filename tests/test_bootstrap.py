"""`./just` uses the just and uv that are there, installs what is not, and never half of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_template import FOLDER, ROOT
from tests.wheels import fetch_wheels

BOOTSTRAP = ROOT / "just"
JUST, UV = "just-1.59.0", "uv-0.13.8"
UTILITIES = ("sh", "dirname", "mkdir", "mv", "rm", "chmod", "cat")

# Says its version, and otherwise where it was started, with what, and which uv it would use.
FAKE_JUST = """#!/bin/sh
[ "$1" != --version ] || {{ echo "{version}"; exit; }}
echo "{version}"
printf '%s\\n' "$PWD" "$@"
uv --version
"""
FAKE_UV = """#!/bin/sh
echo "{version}"
"""

# Knows `-m pip --version`, `-m venv` and `-m pip install --target FOLDER PACKAGE`, as told.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
"-m pip --version") [ {pip} = yes ] ;;
"-m venv "*) mkdir -p "$3" && [ {venv} = yes ] && mkdir "$3/bin" && cat "$0" >"$3/bin/python" &&
    chmod +x "$3/bin/python" ;;
"-m pip install "*)
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2/bin"
    case "$3" in rust-just*) name=just ;; *) name=uv ;; esac
    cat "{stock}/$name" >"$2/bin/$name"
    chmod +x "$2/bin/$name"
    {after} ;;
esac
"""


class Machine:
    """A folder with the bootstrap, and a PATH of which every program is known."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "a project"
        self.path = folder / "bin"
        self.stock = folder / "stock"
        self.tools = self.project / ".tools"
        for each in (self.project, self.path, self.stock):
            each.mkdir()
        shutil.copy(BOOTSTRAP, self.project)
        (self.project / "justfile").write_text("default:\n    @echo real just; uv --version\n")
        for name in UTILITIES:
            (self.path / name).symlink_to(shutil.which(name) or name)
        write_program(self.stock / "just", FAKE_JUST.format(version="just 1.59.0"))
        write_program(self.stock / "uv", FAKE_UV.format(version="uv 0.13.8"))

    def offer(self, *, just: str | None = None, uv: str | None = None) -> None:
        """Put a just and a uv that say these versions on PATH."""
        if just is not None:
            write_program(self.path / "just", FAKE_JUST.format(version=just))
        if uv is not None:
            write_program(self.path / "uv", FAKE_UV.format(version=uv))

    def offer_python(self, *, pip: str = "yes", venv: str = "yes", after: str = ":") -> None:
        """Put a python3 with or without pip and venv on PATH."""
        text = FAKE_PYTHON.format(pip=pip, venv=venv, after=after, stock=self.stock)
        write_program(self.path / "python3", text)

    def run(
        self, *arguments: str, cwd: Path | None = None, first: Path | str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the bootstrap, in a session of its own so that it can be killed."""
        path = f"{first}:{self.path}" if first else str(self.path)
        return subprocess.run(
            [self.project / "just", *arguments],
            cwd=cwd or self.project,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )

    def list_tools(self) -> list[str]:
        """List what lies in .tools."""
        return sorted(path.name for path in self.tools.glob("*"))


def write_program(path: Path, text: str) -> None:
    """Write an executable file."""
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without just, uv and Python."""
    return Machine(tmp_path)


def test_known_good_versions_are_used_and_arguments_pass_as_they_are(machine: Machine) -> None:
    machine.offer(just="just 1.40.0", uv="uv 0.9.0")
    result = machine.run("demo", "--once", "two words", "$HOME", "*", "")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    justfile = str(machine.project / "justfile")
    arguments = ["--justfile", justfile, "demo", "--once", "two words", "$HOME", "*", ""]
    expected = ["just 1.40.0", str(machine.project), *arguments, "uv 0.9.0"]
    assert result.stdout.splitlines() == expected
    assert not machine.tools.exists()


def test_it_runs_from_any_folder(machine: Machine, tmp_path: Path) -> None:
    machine.offer(just="just 1.59.0", uv="uv 0.13.8 (abc 2026-01-01)")
    result = machine.run(cwd=tmp_path)
    assert str(machine.project / "justfile") in result.stdout.splitlines()
    assert str(tmp_path) in result.stdout.splitlines()


@pytest.mark.parametrize("version", ["just 1.39.0", "just 0.11.2", "just 2.0.0", "huh", ""])
def test_other_just_is_replaced(machine: Machine, version: str) -> None:
    machine.offer(just=version, uv="uv 0.13.8")
    machine.offer_python()
    result = machine.run()
    assert result.stdout.startswith("just 1.59.0\n"), result.stderr
    assert machine.list_tools() == [JUST]
    assert [line.split(" into ")[0] for line in result.stderr.splitlines()] == [
        "Installing just 1.59.0"
    ]


@pytest.mark.parametrize("version", ["uv 0.8.22", "uv 1.0.0", "uv unknown"])
def test_other_uv_is_replaced(machine: Machine, version: str) -> None:
    machine.offer(just="just 1.59.0", uv=version)
    machine.offer_python()
    result = machine.run()
    assert result.stdout.endswith("uv 0.13.8\n"), result.stderr
    assert machine.list_tools() == [UV]


@pytest.mark.parametrize(("pip", "venv"), [("yes", "no"), ("no", "yes"), ("yes", "yes")])
def test_pip_or_venv_is_enough(machine: Machine, pip: str, venv: str) -> None:
    machine.offer_python(pip=pip, venv=venv)
    result = machine.run()
    assert result.returncode == 0, result.stderr
    assert machine.list_tools() == [JUST, UV]


def test_second_run_installs_nothing(machine: Machine) -> None:
    machine.offer_python()
    machine.run()
    (machine.path / "python3").unlink()
    result = machine.run()
    assert result.returncode == 0
    assert result.stderr == ""


def test_one_sentence_where_python_has_neither_pip_nor_venv(machine: Machine) -> None:
    machine.offer_python(pip="no", venv="no")
    result = machine.run()
    assert result.returncode == 1
    assert result.stderr.splitlines()[1:] == [
        "python3 has neither pip nor venv: install them (Debian, Ubuntu: apt install python3-venv)."
    ]
    assert machine.list_tools() == []


def test_one_sentence_where_there_is_no_python(machine: Machine) -> None:
    result = machine.run()
    assert result.returncode == 1
    assert result.stderr.splitlines()[1:] == [
        "python3 was not found: install Python 3.11 or newer "
        "(Debian, Ubuntu: apt install python3 python3-venv)."
    ]
    assert machine.list_tools() == []


def test_failed_install_is_said_and_tried_again(machine: Machine) -> None:
    machine.offer_python(after="exit 1")
    result = machine.run()
    assert result.returncode == 1
    assert "just 1.59.0 could not be installed" in result.stderr
    assert machine.list_tools() == []
    machine.offer_python()
    assert machine.run().returncode == 0


@pytest.mark.parametrize("signal", ["KILL", "TERM", "INT", "HUP"])
def test_interrupted_install_is_not_accepted_next_time(machine: Machine, signal: str) -> None:
    machine.offer_python(after=f"kill -s {signal} -- -$PPID; exit 1")
    result = machine.run()
    assert result.returncode != 0
    assert JUST not in machine.list_tools()
    # Only what cannot be caught leaves something, which the next run removes.
    assert signal == "KILL" or machine.list_tools() == []
    write_program(machine.path / "python3", "#!/bin/sh\nexit 1\n")
    assert machine.run().returncode == 1
    machine.offer_python()
    result = machine.run()
    assert result.returncode == 0, result.stderr
    assert machine.list_tools() == [JUST, UV]


def test_broken_tool_is_installed_again(machine: Machine) -> None:
    (machine.tools / JUST / "bin").mkdir(parents=True)
    machine.offer_python()
    result = machine.run()
    assert result.returncode == 0, result.stderr


def test_its_own_folder_on_path_does_not_make_it_call_itself(machine: Machine) -> None:
    machine.offer_python()
    for first in (machine.project, "."):
        result = machine.run(first=first)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith("just 1.59.0\n")


def test_real_tools_are_installed_once(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = ("rust-just==1.59.0", "uv==0.13.8")
    for name, value in fetch_wheels("-".join(tools), *tools, cwd=ROOT).items():
        monkeypatch.setenv(name, value)
    write_program(machine.path / "python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    first = machine.run()
    assert first.stdout.startswith("real just\nuv 0.13.8"), first.stderr
    (machine.path / "python3").unlink()
    second = machine.run()
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")


def test_service_carries_the_same_bootstrap() -> None:
    copy = ROOT / FOLDER / "just"
    assert copy.read_bytes() == BOOTSTRAP.read_bytes()
    assert os.access(BOOTSTRAP, os.X_OK)
    assert os.access(copy, os.X_OK)


def test_bootstrap_is_plain_shell_and_no_template() -> None:
    text = BOOTSTRAP.read_text()
    assert not [opening for opening in ("{" + "{", "{" + "#", "# {" + "%") if opening in text]
    shellcheck = Path(sys.executable).with_name("shellcheck")
    subprocess.run([shellcheck, "--shell=sh", BOOTSTRAP], check=True)
