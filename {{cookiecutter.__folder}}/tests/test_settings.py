"""Settings: what is wrong is one line, and production refuses what is dangerous."""

import pytest

from app.core.config import load_core_settings, load_settings
from app.core.errors import SettingsError
from app.core.settings import read_settings
from app.domain.settings import Settings
from tests.settings_kit import TeamSettings

PRODUCTION = {
    "ENVIRONMENT": "production",
    # {% if cookiecutter.database in ("postgresql", "mysql") %}
    "DATABASE_URL": "{{ cookiecutter.database }}://user:secret@database/service",
    # {% endif %}
    # {% if cookiecutter.database == "sqlite" %}
    "DATABASE_URL": "sqlite:////data/service.db",
    # {% endif %}
    # {% if cookiecutter.broker in ("both", "rabbitmq") %}
    "BROKER_URL": "amqp://user:secret@broker/",
    # {% endif %}
    # {% if cookiecutter.broker == "kafka" %}
    "BROKER_URL": "kafka://broker:9092",
    # {% endif %}
    # {% if cookiecutter.cache == "redis" %}
    "REDIS_URL": "redis://cache:6379/0",
    # {% endif %}
}


def test_runs_with_nothing_set(core: object) -> None:
    assert load_core_settings() == core


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("GRACE_SECONDS", "soon"),
        ("LOG_LEVEL", "LOUD"),
        ("LOKI_URL", "loki"),
        # {% if cookiecutter.interface != "worker" %}
        ("PORT", "99999"),
        ("REQUEST_SECONDS", "inf"),
        # {% endif %}
        # {% if cookiecutter.database != "none" %}
        ("DATABASE_URL", "oracle://db"),
        ("DATABASE_LOCK_SECONDS", "-1"),
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


def test_what_should_be_json_and_is_not_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_TAGS", "a, b")
    with pytest.raises(SettingsError, match=r"^TEAM_TAGS: write it as JSON$"):
        read_settings(TeamSettings)
# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" or cookiecutter.cache == "redis" %}


def test_production_refuses_what_is_only_fine_in_development(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SettingsError, match=r"^[A-Z]+_URL: in production"):
        load_core_settings()
# {% endif %}


def test_production_refuses_what_the_team_finds_dangerous(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_LIMIT", "0")
    assert load_settings(TeamSettings, load_core_settings()).team_limit == 0
    for variable, value in PRODUCTION.items():
        monkeypatch.setenv(variable, value)
    core = load_core_settings()
    with pytest.raises(SettingsError, match=r"^TEAM_LIMIT: in production, allow something$"):
        load_settings(TeamSettings, core)


def test_settings_cannot_be_changed_afterwards(settings: Settings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "page_size", 1)  # noqa: B010 - the type checker knows it too
