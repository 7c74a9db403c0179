"""Say what is reachable, and what to do where something is not."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any

from app.core.config import CoreSettings, load_core_settings, load_settings
from app.core.errors import StartupError
from app.core.health import ask
# {% if (cookiecutter.broker, cookiecutter.database, cookiecutter.cache) != ("none", "none", "none") %}
from app.core.urls import hide_password
# {% endif %}
# {% if cookiecutter.database != "none" %}
from app.database import open_database
# {% endif %}
from app.domain.settings import Settings
# {% if cookiecutter.broker != "none" and cookiecutter.cache == "redis" %}
from app.lifespan import open_broker, open_cache
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.cache == "none" %}
from app.lifespan import open_broker
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.cache == "redis" %}
from app.lifespan import open_cache
# {% endif %}
from app.resources import open_resources

Check = tuple[str, str, AbstractAsyncContextManager[Any]]
"""What it is, where the settings say it is, and how it is opened."""


def list_checks(core: CoreSettings, settings: Settings) -> list[Check]:
    """Return everything that the service opens."""
    return [
        ("service", core.process.environment, open_resources(settings)),
        # {% if cookiecutter.database != "none" %}
        (
            "database",
            hide_password(core.database.url),
            open_database(core.database, connections=core.share_connections()),
        ),
        # {% endif %}
        # {% if cookiecutter.broker != "none" %}
        ("broker", hide_password(core.broker.url), open_broker(core)),
        # {% endif %}
        # {% if cookiecutter.cache == "redis" %}
        ("cache", hide_password(core.redis.url or "memory://"), open_cache(core)),
        # {% endif %}
    ]


async def examine(opening: AbstractAsyncContextManager[Any]) -> str:
    """Open one thing and ask it; return "ok" or what is wrong."""
    try:
        async with opening as opened:
            return await ask(opened.ping) if hasattr(opened, "ping") else "ok"
    except StartupError as error:
        return str(error)


async def diagnose() -> bool:
    """Print one line for each thing that the service opens; return whether all is well."""
    core = load_core_settings()
    checks = list_checks(core, load_settings(Settings, core))
    healthy = True
    for name, place, opening in checks:
        answer = await examine(opening)
        healthy = healthy and answer == "ok"
        print(f"{name:<10} {place}: {answer}")
    return healthy


def main() -> None:
    """Examine everything; exit with one line of advice when something is wrong."""
    try:
        healthy = asyncio.run(diagnose())
    except StartupError as error:
        sys.exit(str(error))
    if not healthy:
        sys.exit(
            "start what does not answer, correct what is refused, "
            "or unset its variable to work without it in development"
        )


if __name__ == "__main__":
    main()
