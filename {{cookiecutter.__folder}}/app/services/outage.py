"""Tell outages from failures, and wait while a dependency is out, such as a server that restarts.

The rule: an outage is a connection lost or refused, or a server that says "not now", "I am
read-only" or "out of room". The subscription pauses, the dependency is probed, and no attempt is
spent. Everything else is a failure of this message, which costs an attempt.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Generic, TypeVar

from app.core.errors import UnavailableError
from app.core.health import Probe, ask
from app.core.metrics import SUBSCRIPTION_PAUSED
# {% if cookiecutter.database != "none" %}
from app.database_errors import (
    DatabaseFullError,
    DatabaseTimeoutError,
    DatabaseUnavailableError,
)
# {% endif %}
from app.utils.broker_errors import BrokerUnavailableError, PublishError, TopicUnavailableError
from app.utils.container import Container
from app.utils.logger import Logger
from app.utils.turns import at_rest

logger = Logger(__name__)

FIRST_DELAY_SECONDS = 0.25
MAX_DELAY_SECONDS = 15.0
PROBE_SECONDS = 5.0
# What needs longer to answer was silent a moment ago, when the time limit of some work ended.
PROMPT_SECONDS = 1.0
# So often work may meet an outage although the dependency has just answered its probe.
PATIENCE = 3
# The dependency of an error that a handler raises about, say, an HTTP partner.
UNKNOWN = "unknown"

Result = TypeVar("Result")


class Outage:
    """Pause the work of one subscription while a dependency is out, and probe it."""

    def __init__(self, name: str, opened: Container) -> None:
        """Start with nothing out; logs call the subscription `name`."""
        self._name = name
        self._opened = opened
        self._paused = SUBSCRIPTION_PAUSED.labels(name)
        self._over = asyncio.Event()
        self._over.set()
        self._dependency = UNKNOWN
        self._asking = asyncio.Lock()
        self._probing: asyncio.Task[None] | None = None
        self.alone = asyncio.Lock()
        """Held by work that may itself be what cuts its connection."""
        self.successes = 0
        """How much work got through."""

    async def outlast(
        self,
        work: Callable[[], Awaitable[Result]],
        *,
        insist: bool = False,
        outages: int = 0,
    ) -> Result:
        """Return what the work returns, as soon as everything that it needs is available.

        Raises what the work raises when that is no outage, and when the work meets an outage
        although the dependency has answered PATIENCE times; not then if it has to `insist`.
        Work that was handed back has met `outages` of these before.
        """
        if not self._over.is_set():
            async with at_rest(outages):
                await self._over.wait()
        if outages:
            return await Suspect(self, work, insist=insist, outages=outages).come_back()
        try:
            result = await work()
        except Exception as error:  # noqa: BLE001 - it is raised again unless it is an outage
            failure = error
        else:
            self.successes += 1
            return result
        return await Suspect(self, work, insist=insist).run_again(failure)

    async def judge(self, error: Exception) -> str:
        """Return the dependency that is out; raises the error if it is a failure."""
        # {% if cookiecutter.database != "none" %}
        if isinstance(error, TimeoutError | DatabaseTimeoutError):
            return await self._find_silent(error)
        # {% endif %}
        # {% if cookiecutter.database == "none" %}
        if isinstance(error, TimeoutError):
            return await self._find_silent(error)
        # {% endif %}
        if not is_outage(error):
            raise error
        dependency = find_dependency(error)
        return dependency if dependency in self._opened.fresh_probes else UNKNOWN

    async def _find_silent(self, error: Exception) -> str:
        """Return a dependency that does not answer; raises the error when all of them do.

        A time limit that ended does not tell what was slow: the work or a dependency.
        """
        probes = self._opened.fresh_probes
        # {% if cookiecutter.database != "none" %}
        if isinstance(error, DatabaseTimeoutError):
            probes = {name: probe for name, probe in probes.items() if name == "Database"}
        # {% endif %}
        if silent := await self._ask_all(probes):
            return silent
        raise error

    async def find_silent(self) -> str | None:
        """Return a dependency that does not answer, if there is one."""
        return await self._ask_all(self._opened.fresh_probes)

    async def _ask_all(self, probes: Mapping[str, Probe]) -> str | None:
        async with self._asking:
            if not self._over.is_set():
                return self._dependency
            needed = [name for name in probes if name not in self._opened.optional]
            answers = await asyncio.gather(*(ask(probes[name], PROMPT_SECONDS) for name in needed))
        for name, answer in zip(needed, answers, strict=True):
            if answer != "ok":
                return name
        return None

    async def wait_for(self, dependency: str, error: Exception, outages: int) -> None:
        """Pause the subscription until the dependency answers a probe."""
        if self.begin(dependency, error):
            # Not by the message that met it first, which may have to wait somewhere else.
            self._probing = asyncio.create_task(self._probe(dependency))
        async with at_rest(outages):
            await self._over.wait()

    async def _probe(self, dependency: str) -> None:
        """Ask the dependency until it answers, and go on."""
        delay = FIRST_DELAY_SECONDS
        await asyncio.sleep(delay)
        while await ask(self._opened.fresh_probes[dependency], PROBE_SECONDS) != "ok":
            delay = min(delay * 2, MAX_DELAY_SECONDS)
            await asyncio.sleep(delay)
        self.end()

    def begin(self, dependency: str, error: Exception) -> bool:
        """Pause the subscription; return whether it did not pause already."""
        if not self._over.is_set():
            return False
        self._over.clear()
        self._dependency = dependency
        self._paused.set(1)
        logger.warning(
            "subscription pauses",
            subscription=self._name,
            dependency=dependency,
            error=repr(error),
        )
        return True

    def end(self) -> None:
        """Go on."""
        self._over.set()
        self._paused.set(0)
        logger.info("subscription goes on", subscription=self._name)


class Suspect(Generic[Result]):
    """Work that has met an outage, which the work itself may cause."""

    def __init__(
        self,
        outage: Outage,
        work: Callable[[], Awaitable[Result]],
        *,
        insist: bool,
        outages: int = 0,
    ) -> None:
        """Suspect the work of nothing yet, or of the `outages` that it met before."""
        self._outage = outage
        self._work = work
        self._insist = insist
        self._answers = outages
        self._pause = 0.0
        # {% if cookiecutter.database != "none" %}
        self._successes = outage.successes
        # {% endif %}

    async def come_back(self) -> Result:
        """Run the work that was handed back, unless it is too early: that would count, too."""
        while dependency := await self._outage.find_silent():
            silence = UnavailableError(f"{dependency} does not answer")
            await self._outage.wait_for(dependency, silence, self._answers)
        try:
            return await self._run()
        except Exception as error:  # noqa: BLE001 - it is raised again unless it is an outage
            failure = error
        return await self.run_again(failure)

    async def run_again(self, error: Exception) -> Result:
        """Run the work again after each pause; raises what is, or proves to be, its failure."""
        while True:
            dependency = await self._outage.judge(error)
            if self._answers >= PATIENCE and not self._insist:
                raise error
            try:
                if dependency == UNKNOWN and self._outage.begin(dependency, error):
                    return await self._ask_again()
                await self._outage.wait_for(dependency, error, self._count(dependency, error))
                await self._rest(dependency, error)
                return await self._run()
            except Exception as again:  # noqa: BLE001 - it is judged in the next round
                error = again

    def _count(self, dependency: str, error: Exception) -> int:
        """Return how many outages the work has met once this one is over."""
        # {% if cookiecutter.database != "none" %}
        # Whether others get through then, nobody knows who runs the work elsewhere.
        is_known = dependency != UNKNOWN and not isinstance(error, DatabaseFullError)
        # {% endif %}
        # {% if cookiecutter.database == "none" %}
        del error
        is_known = dependency != UNKNOWN
        # {% endif %}
        return self._answers + is_known

    async def _ask_again(self) -> Result:
        """Run the work now and then, during the pause: nothing else can tell whether it is over."""
        delay = FIRST_DELAY_SECONDS
        try:
            while True:
                async with at_rest(self._answers):
                    await asyncio.sleep(delay)
                delay = min(delay * 2, MAX_DELAY_SECONDS)
                try:
                    return await self._run()
                except Exception as error:
                    if not is_outage(error) or find_dependency(error) != UNKNOWN:
                        raise
        finally:
            self._outage.end()

    async def _rest(self, dependency: str, error: Exception) -> None:
        """Count that the dependency answered, and let the others pass before the next time."""
        if dependency == UNKNOWN:
            return
        # {% if cookiecutter.database != "none" %}
        others, self._successes = self._outage.successes > self._successes, self._outage.successes
        # Probes are small and may fit: only others that get through tell that there is room.
        self._answers += others or not isinstance(error, DatabaseFullError)
        # {% endif %}
        # {% if cookiecutter.database == "none" %}
        del error
        self._answers += 1
        # {% endif %}
        async with at_rest(self._answers) if self._pause else nullcontext():
            await asyncio.sleep(self._pause)
        self._pause = min(max(self._pause * 2, FIRST_DELAY_SECONDS), MAX_DELAY_SECONDS)

    async def _run(self) -> Result:
        """Run the work, alone among the suspects if it met an outage more than once."""
        if self._answers > 1 and not self._insist:
            async with self._outage.alone:
                result = await self._work()
        else:
            result = await self._work()
        self._outage.successes += 1
        return result


def is_outage(error: Exception) -> bool:
    """Tell whether the error says that a dependency is out, and nothing about the message."""
    if isinstance(error, UnavailableError):
        return error.is_outage
    # What a broker refuses for good is a PublishError of a more particular kind.
    told = {PublishError, TopicUnavailableError}
    return isinstance(error, BrokerUnavailableError) or type(error) in told


def find_dependency(error: Exception) -> str:
    """Return the name of the dependency that the error tells of."""
    # {% if cookiecutter.database != "none" %}
    if isinstance(error, DatabaseUnavailableError):
        return "Database"
    # {% endif %}
    # The broker answers: only this topic's next message tells whether it is taken again.
    is_unknown = isinstance(error, UnavailableError | TopicUnavailableError)
    return UNKNOWN if is_unknown else "MessageBroker"
