"""What the last run wrote into a folder, and whether it is still as it was written."""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tools.system.errors import SystemRefusedError
from tools.system.rendering import read_ignored

NAME = ".system.json"
Record = Mapping[str, list[str]]
FORM = TypeAdapter(dict[str, list[str]])
"""Paths, each with the hashes of what was written there; two while a run replaces it."""


def read(folder: Path) -> Record:
    """Return what the last run wrote; raises SystemRefusedError in a folder of somebody else."""
    try:
        return FORM.validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        if folder.exists() and any(folder.iterdir()):
            raise SystemRefusedError(
                f"{folder} is there and was not made by this command: "
                "move it away, or give the system another name."
            ) from None
        return {}
    except ValidationError as error:
        raise SystemRefusedError(
            f"{folder / NAME} is damaged: move {folder} away, and run this again."
        ) from error


def read_ours(folder: Path, living: Collection[str]) -> Record:
    """Return what the last run wrote, without the services that their teams have taken over."""
    return {path: each for path, each in read(folder).items() if Path(path).parts[0] not in living}


def write(folder: Path, record: Record) -> None:
    """Remember what is written."""
    draft = folder / f"{NAME}.new"
    draft.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(folder / NAME)


def hash_file(path: Path) -> str:
    """Return the hash of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_untouched(folder: Path, services: Iterable[str], living: Collection[str] = ()) -> Record:
    """Return what the last run wrote; raises SystemRefusedError where work would be lost."""
    record = read_ours(folder, living)
    edited = [
        path
        for path, hashes in record.items()
        if (folder / path).is_file() and hash_file(folder / path) not in hashes
    ]
    made = [service for service in services if service not in living]
    added = [path for service in made for path in list_added(folder, service, record)]
    if edited or added:
        raise SystemRefusedError(
            f"In {folder}, which is made anew, somebody changed or added "
            f"{', '.join([*edited, *added])}: move that to an overlay, then delete it there."
        )
    return record


def list_added(folder: Path, service: str, record: Record) -> Iterator[str]:
    """Yield the files in a service's folder that are neither ours nor kept out of git."""
    home = folder / service
    if not (home / ".gitignore").is_file():
        return
    ignored = read_ignored(home)
    for place, names, files in os.walk(home):
        here = Path(place).relative_to(home)
        names[:] = [name for name in names if not ignored.match_file(f"{here / name}/")]
        for path in (here / name for name in files):
            if str(service / path) not in record and not ignored.match_file(path):
                yield str(service / path)
