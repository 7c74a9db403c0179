"""Put what was made in the place of what the last run made, and leave everything else alone."""

import shutil
import signal
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.system import record
from tools.system.rendering import list_files

# What anybody can make again; the rest of what a service keeps out of git is somebody's.
CACHES = ".cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache"
REMADE = {*CACHES.split(), "__pycache__", ".tools", ".venv"}


def place(draft: Path, folder: Path, living: Collection[str] = ()) -> None:
    """Make the files of a folder those of a draft; what no run wrote stays as it is."""
    before = record.read_ours(folder, living)
    after = {str(path): [record.hash_file(draft / path)] for path in list_files(draft)}
    folder.mkdir(parents=True, exist_ok=True)
    with uninterrupted():
        # A run that is killed from here on leaves files of both, and the next one knows them all.
        record.write(folder, merge(before, after))
        for path in before.keys() - after.keys():
            remove(folder, Path(path))
        for path in after:
            replace(draft / path, folder / path)
        record.write(folder, after)


def merge(before: record.Record, after: record.Record) -> record.Record:
    """Return what either of two runs wrote."""
    return {
        path: sorted({*before.get(path, []), *after.get(path, [])}) for path in {*before, *after}
    }


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let signals wait that would end the process."""
    held = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def replace(source: Path, target: Path) -> None:
    """Move a file to its place, unless the same is there already."""
    same = target.is_file() and target.stat().st_mode == source.stat().st_mode
    if same and target.read_bytes() == source.read_bytes():
        return
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def remove(folder: Path, path: Path) -> None:
    """Delete a file and the folders that this empties."""
    (folder / path).unlink(missing_ok=True)
    for parent in list(path.parents)[:-1]:
        if not (folder / parent).is_dir() or clear_remade(folder / parent):
            return


def clear_remade(folder: Path) -> list[str]:
    """Delete a folder that holds nothing of anybody's, and return the names that it holds else."""
    names = sorted(each.name for each in folder.iterdir() if each.name not in REMADE)
    if not names:
        shutil.rmtree(folder)
    return names


def list_removed(before: Mapping[str, object], services: list[str]) -> list[str]:
    """Name the services that an earlier run wrote and that are in the file no more."""
    written = {Path(path).parts[0] for path in before if len(Path(path).parts) > 1}
    return sorted(name for name in written - set(services) if f"{name}/pyproject.toml" in before)
