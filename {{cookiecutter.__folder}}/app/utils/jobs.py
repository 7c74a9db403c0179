"""The jobs of a service: what it does by the clock, asked by nobody."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

JobFunction = Callable[..., Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A function that runs every so many seconds, on one replica each time."""

    name: str
    seconds: float
    function: JobFunction


@dataclass
class Worker:
    """The jobs of the service, declared with `@worker.every(seconds=60)`."""

    jobs: list[Job] = field(default_factory=list)

    def every(
        self, *, seconds: float, name: str | None = None
    ) -> Callable[[JobFunction], JobFunction]:
        """Run the decorated function by the clock; its parameters are filled in by their types.

        Raises ValueError when another job has the name, by default the function's own.
        """

        def schedule(function: JobFunction) -> JobFunction:
            chosen = name or function.__name__
            if any(other.name == chosen for other in self.jobs):
                raise ValueError(f"two jobs are named {chosen!r}: give one another name=")
            self.jobs.append(Job(name=chosen, seconds=seconds, function=function))
            return function

        return schedule
