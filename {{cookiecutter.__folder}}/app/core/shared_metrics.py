"""The folder in which the workers of one gunicorn keep their metrics together.

The metrics' library reads the variable once, when it is imported: nothing here may import it
before that, and gunicorn's settings must set it before the application is loaded.
"""

import os
import shutil
import tempfile
from functools import cache

from app.core.errors import SettingsError

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@cache
def share_metrics() -> str:
    """Make the folder, one for each gunicorn however often it reads its settings; return it."""
    try:
        folder = tempfile.mkdtemp(prefix="metrics-")
    except OSError as error:
        raise SettingsError(f"TMPDIR: metrics of several WORKERS need a folder: {error}") from error
    os.environ[VARIABLE] = folder
    return folder


def forget_process(process: int) -> None:
    """Take a worker that has ended out of the gauges; what it has counted stays."""
    if VARIABLE in os.environ:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see above

        mark_process_dead(process)  # type: ignore[no-untyped-call] # the library has no types


def remove_metrics() -> None:
    """Delete the folder."""
    if VARIABLE in os.environ:
        shutil.rmtree(os.environ[VARIABLE], ignore_errors=True)
