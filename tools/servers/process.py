"""A process we started, recognised by its pid and its time of birth."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
PATIENCE = 30.0


@dataclass(frozen=True)
class Process:
    """One running program in a session of its own."""

    pid: int
    birth: str
    stop_signal: int = signal.SIGTERM

    def alive(self) -> bool:
        """Tell whether the pid still belongs to the process that we started."""
        return _birth(self.pid) == self.birth

    def stop(self) -> None:
        """Ask the process to end, wait, and kill it when it does not."""
        if not self.alive():
            return
        os.kill(self.pid, self.stop_signal)
        if not self._wait(PATIENCE):
            self.kill()

    def kill(self) -> None:
        """End the process, its group and its children at once, as a crash would."""
        if not self.alive():
            return
        # Stopped first: it must not have more children meanwhile.
        os.killpg(self.pid, signal.SIGSTOP)
        family = [self, *self._list_children()]
        os.killpg(self.pid, signal.SIGKILL)
        for each in family:
            each._signal(signal.SIGKILL)
        for each in family:
            each._wait(PATIENCE)

    def pause(self) -> None:
        """Stop the process and its children where they are: connections stay, answers do not."""
        os.killpg(self.pid, signal.SIGSTOP)
        for child in self._list_children():
            child._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        for child in self._list_children():
            child._signal(signal.SIGCONT)
        os.killpg(self.pid, signal.SIGCONT)

    def remove(self) -> None:
        """Leave nothing behind: a process that ended has nothing to remove."""

    def to_json(self) -> dict[str, str | int]:
        """Return what a later run needs to recognise the process."""
        return {"pid": self.pid, "birth": self.birth, "stop_signal": int(self.stop_signal)}

    def _list_children(self) -> list["Process"]:
        """Return its children: PostgreSQL puts each into a group of its own."""
        pids = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [Process(int(pid), _birth(int(pid))) for pid in pids]

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def _wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    stop_signal: int = signal.SIGTERM,
) -> Process:
    """Start a program in a session of its own, its output appended to the log."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # Not subprocess: the server outlives this program, which a Popen object complains about.
    pid = os.posix_spawnp(
        command[0],
        list(command),
        {**os.environ, **(environment or {})},
        file_actions=actions,
        setsid=True,
    )
    return Process(pid, _birth(pid), stop_signal)


def _birth(pid: int) -> str:
    """Return when the process was born, empty when it runs no more."""
    _reap(pid)
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # The name in parentheses may hold spaces; the state is field 3, the start time field 22.
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else f"{BOOT.read_text().strip()}:{fields[19]}"


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
