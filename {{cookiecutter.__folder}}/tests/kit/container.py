"""The test kit: settings of a test's own, and what they open."""

import logging
import os
from collections.abc import AsyncIterator, Hashable
from functools import cache
from pathlib import Path
# {% if cookiecutter.cache == "redis" %}
from uuid import uuid4
# {% endif %}

import pytest

from app.core import log_sampling
from app.core.config import CoreSettings, load_core_settings
from app.core.setting_sources import ENV_FILE, name_variable
from app.core.settings import SettingsGroup, read_settings
from app.domain.settings import Settings
from app.lifespan import open_container
from app.utils.container import Container


def hide_environment(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Hide the developer's variables and `.env`, and go to another folder."""
    for group in SettingsGroup.__subclasses__():
        for field in group.model_fields:
            for variable in (name := name_variable(group, field), f"{name}_FILE"):
                patch.delenv(variable, raising=False)
    patch.setenv("ENVIRONMENT", "test")
    patch.chdir(folder)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run every test as if nothing were set, and keep its files to itself."""
    hide_environment(monkeypatch, tmp_path)
    # It sums up, some time later, what libraries have repeated in other tests.
    monkeypatch.setattr(logging.getLogger(log_sampling.__name__), "disabled", True)


def read_core() -> CoreSettings:
    """Read the settings, once for all tests with the same variables and the same `.env`."""
    # The name of the test is one of the variables.
    variables = {**os.environ, "PYTEST_CURRENT_TEST": ""}
    return read_core_of(frozenset(variables.items()), Path(ENV_FILE).exists() and Path.cwd())


@cache
def read_core_of(*_: Hashable) -> CoreSettings:
    """Read the settings; a tenth of the suite's time, if each test did it."""
    return load_core_settings()


# {% if cookiecutter.cache == "redis" %}
def use_redis(patch: pytest.MonkeyPatch) -> None:
    """Keep the cache on the server of TEST_REDIS_URL, if there is one, under names of its own."""
    if url := os.environ.get("TEST_REDIS_URL"):
        patch.setenv("REDIS_URL", url)
        patch.setenv("SERVICE_NAME", f"test-{uuid4().hex}")


# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.cache == "none" %}
@pytest.fixture
def core() -> CoreSettings:
    """The settings with nothing set: every server is in this process."""
    return read_core()


# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.cache == "redis" %}
@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> CoreSettings:
    """The settings with a cache of the test's own; every other server is in this process."""
    use_redis(monkeypatch)
    return read_core()


# {% endif %}
# {% if cookiecutter.database != "none" %}
@pytest.fixture
def core(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CoreSettings:
    """The settings with a database of the test's own; every other server is in this process."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    # {% endif %}
    # {% if cookiecutter.database != "none" and cookiecutter.cache == "redis" %}
    use_redis(monkeypatch)
    # {% endif %}
    # {% if cookiecutter.database != "none" %}
    return read_core()


# {% endif %}
@pytest.fixture
def settings() -> Settings:
    """The service's own settings with nothing set."""
    return read_settings(Settings)


@pytest.fixture
async def opened(core: CoreSettings, settings: Settings) -> AsyncIterator[Container]:
    """Everything that the service opens, without its background tasks."""
    async with open_container(core, settings) as container:
        yield container
