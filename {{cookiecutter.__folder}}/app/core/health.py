"""Ask every dependency whether it answers, and say when that changes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.core.drain import is_draining
from app.core.errors import StartupError
from app.core.metrics import DEPENDENCY_UP
from app.utils.container import Container
from app.utils.logger import Logger

logger = Logger(__name__)

Probe = Callable[[], Awaitable[None]]
"""Ask one dependency; raise when it does not answer."""

PROBE_SECONDS = 2.0
# How long each may take, where that is not the same as for the others.
LIMITS = {
    "Resources": 2.0,
    # {% if cookiecutter.cache == "redis" %}
    "Cache": 1.0,
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}
    "MessageBroker": 3.0,
    # {% endif %}
}
# However many balancers ask, the dependencies are asked once in this time.
FRESH_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """Which dependencies are ok or failing, and whether the service can do its work.

    Anybody may read it: the reasons, which hold addresses and users, are for the log alone.
    """

    answers: dict[str, str]
    is_ready: bool


class Health:
    """Knows whether the dependencies of this process answer."""

    def __init__(self, opened: Container) -> None:
        """Ask what has been opened, and will be."""
        self._opened = opened
        self._asking: asyncio.Task[dict[str, str]] | None = None
        self._fresh_until = 0.0
        # The kinds of errors that were logged of each, since it fell silent.
        self._logged: dict[str, set[str]] = {}

    async def check(self) -> Report:
        """Return whether the dependencies answer, or answered a moment ago."""
        if is_draining():
            return Report(answers={"process": "ending"}, is_ready=False)
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now >= self._fresh_until):
            self._asking = asyncio.create_task(self._ask_all())
        # One who gives up must not take the answer from the others.
        answers = await asyncio.shield(self._asking)
        needed = answers.keys() - self._opened.optional
        is_ready = all(answers[name] == "ok" for name in needed)
        return Report(answers=answers, is_ready=is_ready)

    async def _ask_all(self) -> dict[str, str]:
        probes = self._opened.probes
        asking = (ask(probe, LIMITS.get(name, PROBE_SECONDS)) for name, probe in probes.items())
        answers = dict(zip(probes, await asyncio.gather(*asking), strict=True))
        for name, answer in sorted(answers.items()):
            DEPENDENCY_UP.labels(name).set(answer == "ok")
            self._log_change(name, answer)
        self._fresh_until = asyncio.get_running_loop().time() + FRESH_SECONDS
        return {name: "ok" if answer == "ok" else "failing" for name, answer in answers.items()}

    def _log_change(self, name: str, answer: str) -> None:
        """Log that it fell silent, each kind of reason once, or that it answers again."""
        if answer == "ok":
            if self._logged.pop(name, None):
                logger.info("dependency answers again", dependency=name)
            return
        logged = self._logged.setdefault(name, set())
        # Not the whole reason: that can hold what differs each time, such as a port.
        kind = answer.partition(":")[0]
        if kind not in logged:
            logged.add(kind)
            logger.warning("dependency does not answer", dependency=name, error=answer)


async def ask(probe: Probe, seconds: float = PROBE_SECONDS) -> str:
    """Ask one dependency, for so long at most; return "ok" or what is wrong."""
    try:
        async with asyncio.timeout(seconds):
            await probe()
    except TimeoutError:
        return f"no answer within {seconds:g} seconds"
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not ready
        return describe_error(error)
    return "ok"


def describe_error(error: BaseException) -> str:
    """Return an error in one line, with the one behind it, which often knows more."""
    if isinstance(error, StartupError):
        return str(error)
    lines = [
        f"{type(each).__name__}: {each}".splitlines()[0]
        for each in (error, error.__cause__)
        if each is not None
    ]
    return ", caused by ".join(lines)
