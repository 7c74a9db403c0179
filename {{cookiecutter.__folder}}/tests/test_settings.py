"""Settings: from the environment, `.env` and secret files, with one line for what is wrong."""

from pathlib import Path

import pytest

from app.core.config import load_core_settings
from app.core.errors import SettingsError
from app.domain.settings import Settings


def test_runs_with_nothing_set(core: object) -> None:
    assert load_core_settings() == core


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SERVICE_NAME=from-file\nLOG_LEVEL=DEBUG\n")
    monkeypatch.setenv("SERVICE_NAME", "from-environment")
    settings = load_core_settings()
    assert settings.service.name == "from-environment"
    assert settings.log.level == "DEBUG"


def test_a_secret_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("http://loki:3100\n")
    monkeypatch.setenv("LOKI_URL_FILE", str(secret))
    assert load_core_settings().loki.url == "http://loki:3100"


def test_a_secret_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKI_URL_FILE", "/nowhere/secret")
    with pytest.raises(SettingsError, match=r"^LOKI_URL_FILE: cannot read /nowhere/secret"):
        load_core_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("GRACE_SECONDS", "soon"),
        ("LOG_LEVEL", "LOUD"),
        ("LOKI_URL", "loki"),
        # {% if cookiecutter.interface != "worker" %}
        ("PORT", "99999"),
        # {% endif %}
        # {% if cookiecutter.database != "none" %}
        ("DATABASE_URL", "oracle://db"),
        # {% endif %}
        # {% if cookiecutter.broker != "none" %}
        ("BROKER_URL", "nats://broker"),
        # {% endif %}
        # {% if cookiecutter.cache == "redis" %}
        ("REDIS_URL", "memcached://cache"),
        # {% endif %}
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_core_settings()
    sentence = str(caught.value)
    assert sentence.startswith(f"{variable}: ")
    assert len(sentence.splitlines()) == 1
    assert value not in sentence
# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" or cookiecutter.cache == "redis" %}


def test_production_refuses_what_is_only_fine_in_development(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SettingsError, match=r"^[A-Z]+_URL: in production"):
        load_core_settings()
# {% endif %}


def test_settings_cannot_be_changed_afterwards(settings: Settings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "page_size", 1)  # noqa: B010 - the type checker knows it too
# {% if cookiecutter.database != "none" %}


def test_every_process_gets_its_share_of_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICAS", "3")
    assert load_core_settings().share_connections() == 6


def test_more_processes_than_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICAS", "30")
    sentence = r"^DATABASE_CONNECTIONS: 20 cannot be shared by 30 processes \(REPLICAS"
    with pytest.raises(SettingsError, match=sentence):
        load_core_settings()
# {% endif %}
