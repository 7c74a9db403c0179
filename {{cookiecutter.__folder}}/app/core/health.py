"""Ask every dependency whether it answers, and say when that changes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.core.drain import is_draining
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.core.metrics import DEPENDENCY_UP, SUBSCRIPTION_LAG
# {% endif %}
# {% if cookiecutter.broker == "none" or cookiecutter.interface == "api" %}
from app.core.metrics import DEPENDENCY_UP
# {% endif %}
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
    """What the dependencies answered, and whether the service can do its work."""

    answers: dict[str, str]
    is_ready: bool


class Health:
    """Knows whether the dependencies of this process answer."""

    def __init__(self, opened: Container) -> None:
        """Ask what has been opened, and will be."""
        self._opened = opened
        self._asking: asyncio.Task[dict[str, str]] | None = None
        self._fresh_until = 0.0
        self._silent: set[str] = set()

    async def check(self) -> Report:
        """Return what the dependencies answer, or answered a moment ago."""
        if is_draining():
            return Report(answers={"process": "ending"}, is_ready=False)
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now >= self._fresh_until):
            self._asking = asyncio.create_task(self._ask_all())
        # One who gives up must not take the answer from the others.
        answers = await asyncio.shield(self._asking)
        needed = answers.keys() - self._opened.optional
        is_ready = all(answers[name] == "ok" for name in needed)
        # {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
        lags = SUBSCRIPTION_LAG.values.items()
        answers = answers | {f"lag of {name}": f"{lag:.0f} messages" for (name,), lag in lags}
        # {% endif %}
        return Report(answers=answers, is_ready=is_ready)

    async def _ask_all(self) -> dict[str, str]:
        probes = self._opened.probes
        asking = (ask(probe, LIMITS.get(name, PROBE_SECONDS)) for name, probe in probes.items())
        answers = dict(zip(probes, await asyncio.gather(*asking), strict=True))
        self._note(answers)
        self._fresh_until = asyncio.get_running_loop().time() + FRESH_SECONDS
        return answers

    def _note(self, answers: dict[str, str]) -> None:
        silent = {name for name, answer in answers.items() if answer != "ok"}
        for name in answers:
            DEPENDENCY_UP.labels(name).set(name not in silent)
        for name in sorted(silent - self._silent):
            logger.warning("dependency does not answer", dependency=name, error=answers[name])
        for name in sorted(self._silent - silent):
            logger.info("dependency answers again", dependency=name)
        self._silent = silent


async def ask(probe: Probe, seconds: float = PROBE_SECONDS) -> str:
    """Ask one dependency, for so long at most; return "ok" or what is wrong."""
    try:
        async with asyncio.timeout(seconds):
            await probe()
    except TimeoutError:
        return f"no answer within {seconds:g} seconds"
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not ready
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return "ok"
