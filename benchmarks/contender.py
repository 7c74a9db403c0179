"""A script that does the same work as others, each time in a process of its own that measures."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from benchmarks.errors import BenchmarkError
from tests.programs import clean_environment

SERVED = Path(__file__).parent / "served"
PATIENCE_SECONDS = 3600.0

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Contender:
    """A script of the folder `served`, the Python that runs it, and where."""

    python: Path
    script: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, action: str, url: str, *counts: int, name: str = "", **variables: str) -> "Run":
        """Start the script: it does `action`, on the server at `url`, so many times.

        What it makes there is called `name`, by default like nothing else.
        """
        name = name or f"benchmark-{uuid4().hex[:12]}"
        return Run(self, (action, url, name, *map(str, counts)), variables | {"SERVICE_NAME": name})

    def measure(self, action: str, url: str, *counts: int, **variables: str) -> Figures:
        """Return what the script found; raises BenchmarkError when it fails."""
        return self.start(action, url, *counts, **variables).wait()


class Run:
    """One process of a contender."""

    def __init__(
        self, contender: Contender, arguments: tuple[str, ...], variables: Mapping[str, str]
    ) -> None:
        """Start it."""
        self._what = f"{contender.script} {arguments[0]}"
        self._folder = tempfile.TemporaryDirectory()
        self._result = Path(self._folder.name) / "result"
        self._errors = Path(self._folder.name) / "errors"
        path = f"{contender.folder}:{SERVED}"
        # What is logged is really written, as it is in production.
        with (Path(self._folder.name) / "log").open("wb") as log, self._errors.open("wb") as errors:
            script = (contender.python, SERVED / contender.script)
            self._popen = subprocess.Popen(
                [*map(str, (*script, *arguments, self._result))],
                cwd=contender.folder,
                env=clean_environment(PYTHONPATH=path, **contender.variables, **variables),
                stdout=log,
                stderr=errors,
            )

    def wait(self) -> Figures:
        """Return what it found; raises BenchmarkError when it fails or takes too long."""
        try:
            code = self._popen.wait(PATIENCE_SECONDS)
            if code != 0:
                said = self._errors.read_text(encoding="utf-8", errors="replace").strip()
                last = said.splitlines()[-1] if said else "it said nothing"
                raise BenchmarkError(f"{self._what} ended with {code}: {last}")
            figures: Figures = json.loads(self._result.read_text(encoding="utf-8"))
        except subprocess.TimeoutExpired as error:
            raise BenchmarkError(f"{self._what} took over {PATIENCE_SECONDS:.0f} s") from error
        finally:
            self._popen.kill()
            self._popen.wait()
            self._folder.cleanup()
        return figures
