"""Find services below folders."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.updates import UpdateRefusedError, state


@dataclass(frozen=True)
class Member:
    """A service, by the name under which it is shown and chosen."""

    name: str
    folder: Path


def find(folders: Iterable[Path]) -> list[Member]:
    """Find the services in these folders and one level below; raises UpdateRefusedError."""
    found: dict[Path, None] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UpdateRefusedError(f"{folder} is no folder: name one that holds services.")
        here = list_services(folder.resolve())
        if not here:
            raise UpdateRefusedError(
                f"There is no service in {folder}, nor one level below: "
                f"a service has a file {state.NAME}."
            )
        found |= dict.fromkeys(here)
    counts = Counter(path.name for path in found)
    return [Member(name_path(path, counts[path.name]), path) for path in found]


def list_services(folder: Path) -> list[Path]:
    """List the folder when it is a service, and those in it that are."""
    candidates = (folder, *sorted(folder.iterdir()))
    return [path.resolve() for path in candidates if is_service(path)]


def is_service(folder: Path) -> bool:
    """Tell whether a folder holds what the template renders, updatable or not."""
    if (folder / state.NAME).is_file():
        return True
    try:
        return state.TABLE in state.read_project(folder)
    except (UpdateRefusedError, OSError):
        return False  # somebody else's


def name_path(path: Path, namesakes: int) -> str:
    """Name a service by its folder, and by the one above where that is not enough."""
    return path.name if namesakes == 1 else f"{path.parent.name}/{path.name}"


def choose(members: Sequence[Member], names: Sequence[str]) -> list[Member]:
    """Return the services with these names, or all; raises UpdateRefusedError."""
    known = [member.name for member in members]
    if unknown := next((name for name in names if name not in known), None):
        raise UpdateRefusedError(f"There is no service {unknown}: choose of {', '.join(known)}.")
    return [member for member in members if not names or member.name in names]
