"""Where a handler failed: the innermost frames of the team's own code, for its dead letter."""

import sys
from collections import deque
from pathlib import Path
from traceback import walk_tb
from types import FrameType

# A header is no place for more.
MAX_FRAMES = 10
MAX_CHARACTERS = 1500
SEPARATOR = " < "
LIBRARIES = frozenset({"site-packages", "dist-packages"})
# Whose frames say nothing about the failure.
TEMPLATE = (
    "app.commands",
    "app.core",
    # {% if cookiecutter.database != "none" %}
    "app.database",
    "app.database_codes",
    "app.database_drivers",
    "app.database_errors",
    # {% endif %}
    # {% if cookiecutter.database != "none" and cookiecutter.interface != "worker" %}
    "app.database_locks",
    # {% endif %}
    # {% if cookiecutter.database != "none" %}
    "app.database_server",
    "app.database_sqlite",
    "app.engine",
    # {% endif %}
    "app.lifespan",
    # {% if cookiecutter.interface != "worker" %}
    "app.main",
    # {% endif %}
    "app.messages",
    "app.pagination",
    "app.services",
    "app.tables",
    "app.unit_of_work",
    "app.utils",
    "app.web",
    "app.worker_main",
)


def describe_frames(error: BaseException) -> str:
    """Return `module:line function` for the team's innermost frames, the innermost first.

    Those of the root cause; if it has none, those of what was raised because of it. No values of
    variables, which may be secret.
    """
    for each in find_causes(error):
        places: deque[str] = deque(maxlen=MAX_FRAMES)
        for frame, line in walk_tb(each.__traceback__):
            if is_own(frame):
                name = frame.f_globals.get("__name__", "?")
                places.appendleft(f"{name}:{line} {frame.f_code.co_qualname}")
        if places:
            text = SEPARATOR.join(places)
            return text.encode("utf-8", "backslashreplace").decode()[:MAX_CHARACTERS]
    return ""


def find_causes(error: BaseException) -> list[BaseException]:
    """Return the error and what it came of, the root cause first; of a group its first member."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and all(cause is not each for each in found):
        found.append(cause)
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        elif cause.__cause__ is not None or cause.__suppress_context__:
            cause = cause.__cause__
        else:
            cause = cause.__context__
    return found[::-1]


def is_own(frame: FrameType) -> bool:
    """Tell whether the frame is of code that neither Python, a library nor the template brought."""
    name = str(frame.f_globals.get("__name__", ""))
    if name.partition(".")[0] in sys.stdlib_module_names:
        return False
    if LIBRARIES.intersection(Path(frame.f_code.co_filename).parts):
        return False
    return not any(name == each or name.startswith(f"{each}.") for each in TEMPLATE)
