"""Where settings come from: the environment, `.env` and secret files."""

from pathlib import Path

import pytest

from app.core.config import load_core_settings
from app.core.errors import SettingsError
from app.core.settings import read_settings
from tests.settings_kit import TeamSettings


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
