"""The observer: a process in the service's environment that reads what the service has done."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

from drills.errors import DrillError
from tests.programs import clean_environment

SCRIPT = Path(__file__).parent / "served" / "observer.py"


class NotSeenError(DrillError):
    """A server that the observer has to ask does not answer."""


class Observer:
    """Ask about the service's rows and messages."""

    def __init__(self, service: Path, log: Path, variables: dict[str, str]) -> None:
        """Start the process; its complaints go to a log."""
        self._log = log
        self._lock = threading.Lock()
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                [service / ".venv/bin/python", SCRIPT],
                cwd=service,
                env=clean_environment(**variables, PYTHONPATH=str(service)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )

    def ask(self, question: str) -> Any:
        """Return the answer; raises NotSeenError when a server does not answer."""
        if self._popen.stdin is None or self._popen.stdout is None:
            raise DrillError("the observer has no pipes")
        with self._lock:
            try:
                self._popen.stdin.write(f"{question}\n")
                self._popen.stdin.flush()
                line = self._popen.stdout.readline()
            except OSError:
                line = ""
        while line and not line.startswith("{"):
            line = self._popen.stdout.readline()
        if not line:
            raise DrillError(f"the observer has ended, see {self._log}")
        answer = json.loads(line)
        if "error" in answer:
            raise NotSeenError(f"{question}: {answer['error']}")
        return answer["answer"]

    def close(self) -> None:
        """End the process."""
        self._popen.kill()
        self._popen.communicate()
