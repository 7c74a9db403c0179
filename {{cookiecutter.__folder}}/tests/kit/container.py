"""The test kit: settings of a test's own, and what they open."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.config import CoreSettings, load_core_settings
from app.core.settings import SettingsGroup, name_variable, read_settings
from app.domain.settings import Settings
from app.lifespan import open_container
from app.utils.container import Container


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the developer's variables and `.env`, and keep a test's files to itself."""
    for group in SettingsGroup.__subclasses__():
        for field in group.model_fields:
            for variable in (name := name_variable(group, field), f"{name}_FILE"):
                monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.chdir(tmp_path)


# {% if cookiecutter.database == "none" %}
@pytest.fixture
def core() -> CoreSettings:
    """The settings with nothing set: every server is in this process."""
    return load_core_settings()


# {% endif %}
# {% if cookiecutter.database != "none" %}
@pytest.fixture
def core(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CoreSettings:
    """The settings with a database of the test's own; every other server is in this process."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return load_core_settings()


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
