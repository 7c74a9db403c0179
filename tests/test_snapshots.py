"""The files of telling combinations are the ones that were looked at and accepted."""

import difflib
from pathlib import Path

import pytest

from tests.combinations import TELLING, Combination
from tests.renders import list_files, render

SNAPSHOTS = Path(__file__).parent / "snapshots"


def list_names(combination: Combination) -> str:
    """Return the names of the files of a service, one a line."""
    folder = render(combination)
    return "".join(f"{path.relative_to(folder).as_posix()}\n" for path in list_files(folder))


@pytest.mark.parametrize("name", TELLING)
def test_files_are_the_accepted_ones(name: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    accepted = path.read_text(encoding="utf-8") if path.exists() else ""
    rendered = list_names(TELLING[name])
    lines = (accepted.splitlines(), rendered.splitlines())
    diff = "\n".join(difflib.unified_diff(*lines, "accepted", "rendered", n=0, lineterm=""))
    if diff:
        pytest.fail(f"{diff}\nIf that is right: ./just snapshots", pytrace=False)


def test_every_snapshot_is_of_a_telling_combination() -> None:
    assert {path.stem for path in SNAPSHOTS.glob("*")} == set(TELLING)


def accept() -> None:
    """Write the lists of files as they are now."""
    SNAPSHOTS.mkdir(exist_ok=True)
    for path in SNAPSHOTS.glob("*.txt"):
        path.unlink()
    for name, combination in TELLING.items():
        text = list_names(combination)
        (SNAPSHOTS / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    accept()
