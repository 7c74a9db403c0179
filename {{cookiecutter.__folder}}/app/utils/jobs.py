"""The jobs of a service: what it does by the clock or all the time, asked by nobody."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

JobFunction = Callable[..., Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A function that runs every so many seconds, on one replica each time."""

    name: str
    seconds: float
    function: JobFunction


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

    def every(
        self, *, seconds: float, name: str | None = None
    ) -> Callable[[JobFunction], JobFunction]:
        """Run the decorated function by the clock; its parameters are filled in by their types.

        Raises ValueError when another job has the name, by default the function's own.
        """

        def schedule(function: JobFunction) -> JobFunction:
            chosen = self._choose_name(name or function.__name__)
            self.jobs.append(Job(name=chosen, seconds=seconds, function=function))
            return function

        return schedule

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

    def _choose_name(self, name: str) -> str:
        taken = {each.name for each in self.jobs} | {each.name for each in self.duties}
        if name in taken:
            raise ValueError(f"two jobs are named {name!r}: give one another name=")
        return name
