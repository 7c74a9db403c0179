"""The processes of a service at work, each started again when it dies, as a supervisor would."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired

from drills.errors import DrillError
from drills.progress import report
from tests.processes import API, WORKER, Process, find_port

LOOK_SECONDS = 0.1
START_SECONDS = 60.0
FUTILE_STARTS = 3
RESTART_SECONDS = 0.5
ARGUMENTS = {"api": API, "worker": WORKER}
STARTED = {"api": "Application startup complete", "worker": "worker started"}


@dataclass
class Member:
    """A place in the crew, whose process may be the third one by now."""

    name: str
    role: str
    port: int
    process: Process
    starts: int = 1
    is_wanted: bool = True
    peak: int = 0
    """The most memory that its processes have used, in bytes."""
    futile_starts: int = 0
    """How many of its processes in a row have ended by themselves before they were ready."""
    last_line: str = ""
    """The last thing that the one before said."""
    _killed: Process | None = None
    _started: Process | None = None

    @property
    def has_started(self) -> bool:
        """Tell whether its process is ready for work."""
        return self._was_ready(process := self.process) and process.is_alive

    def kill(self) -> None:
        """Kill its process, which is no fault of its own."""
        self._killed = self.process
        self.process.kill()

    def note_death(self) -> None:
        """Count a process that ended by itself before it was ready, and note what it said."""
        is_futile = self._killed is not self.process and not self._was_ready(self.process)
        self.last_line = (self.process.output.strip().splitlines() or ["nothing"])[-1]
        self.futile_starts = self.futile_starts + 1 if is_futile else 0

    def _was_ready(self, process: Process) -> bool:
        # Asked once: a log grows long. About this very process: another may take its place now.
        if self._started is not process and STARTED[self.role] in process.output:
            self._started = process
        return self._started is process


@dataclass
class Crew:
    """APIs and workers of one service."""

    service: Path
    folder: Path
    variables: dict[str, str]
    members: list[Member] = field(default_factory=list)
    exits: list[tuple[str, int | None]] = field(default_factory=list)
    deaths: int = 0
    """How many died without having been asked to stop."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _closing: threading.Event = field(default_factory=threading.Event)
    _watch: threading.Thread | None = None

    def hire(self, role: str) -> Member:
        """Start another API or worker."""
        with self._lock:
            number = sum(each.role == role for each in self.members) + 1
            name, port = f"{role}-{number}", find_port()
            member = Member(name, role, port, self._start(role, name, 1, port))
            self.members.append(member)
        if self._watch is None:
            self._watch = threading.Thread(target=self._supervise, daemon=True)
            self._watch.start()
        return member

    def find(self, role: str) -> list[Member]:
        """Return those of a role who are wanted."""
        return [each for each in self.members if each.role == role and each.is_wanted]

    def wait(self) -> None:
        """Return when everybody has started; raises DrillError for who does not."""
        wait_for(self._have_started, START_SECONDS, f"not all have started, see {self.folder}")

    def kill(self, member: Member) -> None:
        """Kill a process and its children; the supervisor starts it again."""
        with self._lock:
            member.kill()

    @contextmanager
    def suspended(self, member: Member) -> Iterator[None]:
        """Keep a process from doing anything during the block, as a frozen machine would."""
        os.killpg(member.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(member.process.pid, signal.SIGCONT)

    def stop(self, member: Member, seconds: float) -> None:
        """Ask a process to stop, and note how it ended; it is not started again."""
        # Before it has handlers of its own, a signal ends it however well it is written.
        with suppress(DrillError):
            wait_for(lambda: member.has_started, START_SECONDS, "it is asked all the same")
        with self._lock:
            member.is_wanted = False
        status: int | None = None
        with suppress(TimeoutExpired):
            member.process.terminate()
            status = member.process.wait(seconds)
        self.exits.append((f"{member.name}, asked to stop,", status))

    def resume(self, member: Member) -> None:
        """Start a process again that was asked to stop."""
        with self._lock:
            self._restart(member)
            member.is_wanted = True

    def stop_all(self, seconds: float) -> None:
        """Ask everybody to stop."""
        threads = [
            threading.Thread(target=self.stop, args=(member, seconds))
            for member in self.members
            if member.is_wanted
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        """Leave nothing running."""
        self._closing.set()
        if self._watch is not None:
            self._watch.join()
        for member in self.members:
            member.process.kill()

    def count_lines(self, text: str) -> int:
        """Count the lines of the logs that hold a text."""
        logs = self.folder.glob("*-*.log")
        return sum(
            text in line
            for log in logs
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        )

    def _have_started(self) -> bool:
        waiting = [each for each in self.members if each.is_wanted and not each.has_started]
        for member in waiting:
            if member.futile_starts >= FUTILE_STARTS:
                raise DrillError(f"{member.name} does not start: {member.last_line}")
        return not waiting

    def _supervise(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            with self._lock:
                for member in self.members:
                    member.peak = max(member.peak, measure_memory(member.process.pid))
                    if member.is_wanted and not member.process.is_alive:
                        self.deaths += 1
                        member.note_death()
                        self._closing.wait(RESTART_SECONDS)
                        self._restart(member)

    def _restart(self, member: Member) -> None:
        start = member.starts + 1
        report(f"    {member.name} starts again")
        member.process = self._start(member.role, member.name, start, member.port)
        member.starts = start

    def _start(self, role: str, name: str, start: int, port: int) -> Process:
        log = self.folder / f"{name}.{start}.log"
        variables = {**self.variables, "PORT": str(port)}
        return Process(self.service, *ARGUMENTS[role], log=log, **variables)


def list_children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    with suppress(FileNotFoundError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def measure_memory(pid: int) -> int:
    """Return how many bytes of memory a process uses, none when it has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def wait_for(look: Callable[[], bool], seconds: float, what: str) -> None:
    """Return when `look` is true; raises DrillError with `what` when that takes too long."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise DrillError(what)
        time.sleep(LOOK_SECONDS)
