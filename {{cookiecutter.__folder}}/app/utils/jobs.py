"""The jobs of a service: what it does by the clock or all the time, asked by nobody."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
# {% if cookiecutter.database != "none" %}
from datetime import datetime
from enum import StrEnum
# {% endif %}
from typing import Any

from app.utils.schedules import Cron, Every, Schedule

JobFunction = Callable[..., Awaitable[None]]
# {% if cookiecutter.database != "none" %}

ATTEMPTS = 5
MISFIRE_SECONDS = 60.0


class Misfire(StrEnum):
    """What becomes of a run that begins too late, such as after a night without a worker."""

    RUN_ONCE = "run once"
    """It begins at once; of several that were missed there is one."""
    SKIP = "skip"
    """It is left out, and the next one comes at its time."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The run that a job is called for; a job may ask for it by type."""

    job: str
    planned_at: datetime
    """The moment that it was planned for, the same at each attempt."""
    attempt: int
    """1 at first."""
    token: int
    """Greater than that of every earlier run: who remembers it can refuse what comes too late."""
# {% endif %}


@dataclass(frozen=True, kw_only=True)
class Job:
    """A function that runs by a schedule, on one replica each time."""

    name: str
    schedule: Schedule
    function: JobFunction
    timeout: float | None = None
    # {% if cookiecutter.database != "none" %}
    attempts: int = ATTEMPTS
    misfire: Misfire = Misfire.RUN_ONCE
    misfire_seconds: float = MISFIRE_SECONDS
    # {% endif %}

    def __post_init__(self) -> None:
        """Raise ValueError for a job that could not be run."""
        if self.timeout is not None and not self.timeout > 0:
            raise ValueError(f"job {self.name!r}: timeout is above zero, or None for no limit")
        # {% if cookiecutter.database != "none" %}
        if self.attempts < 1 or self.misfire_seconds <= 0:
            raise ValueError(f"job {self.name!r}: attempts and misfire_seconds are above zero")
        # {% endif %}


@dataclass(frozen=True, kw_only=True)
class Duty:
    """A function that runs all the time, on every replica."""

    name: str
    function: JobFunction


@dataclass
class Worker:
    """What the service does by itself: `@worker.every(seconds=60)`, `@worker.always()`."""

    jobs: list[Job] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    # {% if cookiecutter.database != "none" %}

    def every(
        self,
        *,
        seconds: float,
        name: str | None = None,
        timeout: float | None = None,
        attempts: int = ATTEMPTS,
        misfire: Misfire = Misfire.RUN_ONCE,
        misfire_seconds: float = MISFIRE_SECONDS,
    ) -> Callable[[JobFunction], JobFunction]:
        """Run the decorated function every so many seconds; its parameters are found by type.

        A run that takes longer than `timeout` seconds is ended, and has failed; without one it
        takes as long as it takes. One that failed is repeated after a pause, until there were so
        many `attempts` or the next one is due. `misfire` says what becomes of a run that begins
        more than `misfire_seconds` late. Raises ValueError when another job has the name, by
        default the function's own.
        """
        return self._schedule(
            Every(seconds),
            name,
            timeout=timeout,
            attempts=attempts,
            misfire=misfire,
            misfire_seconds=misfire_seconds,
        )

    def cron(
        self,
        expression: str,
        *,
        timezone: str = "UTC",
        name: str | None = None,
        timeout: float | None = None,
        attempts: int = ATTEMPTS,
        misfire: Misfire = Misfire.RUN_ONCE,
        misfire_seconds: float = MISFIRE_SECONDS,
    ) -> Callable[[JobFunction], JobFunction]:
        """Run the decorated function at the moments that a cron expression names: "0 3 * * *".

        `timezone` is a name of the IANA, such as "Europe/Berlin"; the rest is as for `every`.
        Raises ValueError for an expression or a time zone that is none.
        """
        return self._schedule(
            Cron(expression, timezone),
            name,
            timeout=timeout,
            attempts=attempts,
            misfire=misfire,
            misfire_seconds=misfire_seconds,
        )
    # {% endif %}
    # {% if cookiecutter.database == "none" %}

    def every(
        self, *, seconds: float, name: str | None = None, timeout: float | None = None
    ) -> Callable[[JobFunction], JobFunction]:
        """Run the decorated function by the clock; its parameters are filled in by their types.

        A run that takes longer than `timeout` seconds is ended, and has failed; without one it
        takes as long as it takes. Raises ValueError when another job has the name, by default the
        function's own.
        """
        return self._schedule(Every(seconds), name, timeout=timeout)

    def cron(
        self,
        expression: str,
        *,
        timezone: str = "UTC",
        name: str | None = None,
        timeout: float | None = None,
    ) -> Callable[[JobFunction], JobFunction]:
        """Run the decorated function at the moments that a cron expression names: "0 3 * * *".

        `timezone` is a name of the IANA, such as "Europe/Berlin"; the rest is as for `every`.
        Raises ValueError for an expression or a time zone that is none.
        """
        return self._schedule(Cron(expression, timezone), name, timeout=timeout)
    # {% endif %}

    def always(self, *, name: str | None = None) -> Callable[[JobFunction], JobFunction]:
        """Run the decorated function on every replica until the worker stops, which cancels it.

        When it fails it begins again a moment later. It is given no unit of work, for it has no
        end: it may ask for a `UnitOfWorkFactory`. Raises ValueError as `every` does.
        """

        def appoint(function: JobFunction) -> JobFunction:
            chosen = self._choose_name(name or function.__name__)
            self.duties.append(Duty(name=chosen, function=function))
            return function

        return appoint

    def _schedule(
        self, schedule: Schedule, name: str | None, **how: Any
    ) -> Callable[[JobFunction], JobFunction]:
        def add(function: JobFunction) -> JobFunction:
            chosen = self._choose_name(name or function.__name__)
            self.jobs.append(Job(name=chosen, schedule=schedule, function=function, **how))
            return function

        return add

    def _choose_name(self, name: str) -> str:
        taken = {each.name for each in self.jobs} | {each.name for each in self.duties}
        if name in taken:
            raise ValueError(f"two jobs are named {name!r}: give one another name=")
        return name
