"""Settings: from the environment, `.env` and secret files, with one line for what is wrong."""

from pathlib import Path

import pytest

from app.core.config import load_core_settings, load_settings
from app.core.errors import SettingsError
from app.core.settings import SettingsGroup, read_settings
from app.domain.settings import Settings

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


class TeamSettings(SettingsGroup):
    """Settings as a team may write them."""

    team_tags: tuple[str, ...] = ()
    team_limit: float = 1.5

    def find_danger(self) -> str | None:
        """A limit of nothing stops all."""
        return "TEAM_LIMIT: in production, allow something" if self.team_limit == 0 else None


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


def test_the_env_file_can_name_a_secret_file_beside_it() -> None:
    Path("limit").write_text("2\r\n")
    Path(".env").write_text("TEAM_LIMIT=1\nTEAM_LIMIT_FILE=limit\n")
    assert read_settings(TeamSettings).team_limit == 2


def test_the_environment_wins_over_a_secret_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("limit").write_text("2")
    monkeypatch.setenv("TEAM_LIMIT_FILE", "limit")
    monkeypatch.setenv("TEAM_LIMIT", "3")
    assert read_settings(TeamSettings).team_limit == 3


def test_a_list_is_json_in_a_secret_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tags").write_text('["a", "b"]')
    monkeypatch.setenv("TEAM_TAGS_FILE", "tags")
    assert read_settings(TeamSettings).team_tags == ("a", "b")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), (b"\xff\xfe", "is not UTF-8 text"), (b"\n", "is empty")],
)
def test_a_secret_file_that_is_bad_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        Path("secret").write_bytes(content)
    monkeypatch.setenv("LOKI_URL_FILE", "secret")
    with pytest.raises(SettingsError) as caught:
        load_core_settings()
    sentence = str(caught.value)
    assert sentence.startswith("LOKI_URL_FILE: ")
    assert str(tmp_path / "secret") in sentence
    assert reason in sentence


def test_an_env_file_that_is_not_text_is_one_sentence() -> None:
    Path(".env").write_bytes(b"LOG_LEVEL=\xff")
    with pytest.raises(SettingsError, match=r"^\.env: it is not UTF-8 text$"):
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
# {% if cookiecutter.database != "none" %}


def test_every_process_gets_its_share_of_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICAS", "3")
    assert load_core_settings().share_connections() == 6


# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.interface != "worker" %}
def test_the_processes_of_a_replica_share_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICAS", "3")
    monkeypatch.setenv("WORKERS", "2")
    assert load_core_settings().share_connections() == 3


# {% endif %}
# {% if cookiecutter.database != "none" %}
def test_more_processes_than_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICAS", "30")
    sentence = r"^DATABASE_CONNECTIONS: 20 cannot be shared by 30 processes \(REPLICAS"
    with pytest.raises(SettingsError, match=sentence):
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
