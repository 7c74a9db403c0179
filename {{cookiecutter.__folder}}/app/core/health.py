"""Ask every dependency whether it answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

Probe = Callable[[], Awaitable[None]]
"""Ask one dependency; raise when it does not answer."""

PROBE_SECONDS = 2.0


async def ask_all(probes: Mapping[str, Probe]) -> dict[str, str]:
    """Ask all dependencies at once; return "ok" or what is wrong, by name."""
    answers = await asyncio.gather(*(ask(probe) for probe in probes.values()))
    return dict(zip(probes, answers, strict=True))


async def ask(probe: Probe) -> str:
    """Ask one dependency, for two seconds at most."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await probe()
    except TimeoutError:
        return f"no answer within {PROBE_SECONDS:g} seconds"
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not ready
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return "ok"
