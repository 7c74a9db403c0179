"""`just settings`: what is in force and where it came from, and the example of it."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import SecretStr

from app.commands.settings import GROUPS, main, mask, trace
from app.core.config import CoreSettings, load_core_settings
from app.core.env_example import write_example
from app.core.settings import SettingsGroup, Words, read_settings

ROOT = Path(__file__).parents[1]


class VaultSettings(SettingsGroup):
    """What must not be seen.

    And what need not be said.
    """

    vault_token: SecretStr | None = None
    """The key of the vault."""
    vault_names: tuple[str, ...] = ("a b",)
    """Who may enter,
    and who may leave again."""
    vault_room: int


def show(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """Return what the command prints of each variable."""
    main([])
    return {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}


def test_it_says_where_each_value_came_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("secret").write_text("http://service:secret@loki:3100")
    Path(".env").write_text("SERVICE_VERSION=2\nLOG_FILE=lines\nLOKI_URL_FILE=secret\n")
    monkeypatch.setenv("SERVICE_NAME", "other")
    # What just does with `.env`.
    monkeypatch.setenv("LOG_FILE", "lines")
    shown = show(capsys)
    assert shown["SERVICE_NAME"] == ["other", "environment"]
    assert shown["SERVICE_VERSION"] == ["2", ".env"]
    assert shown["LOG_FILE"] == ["lines", ".env"]
    assert shown["LOG_LEVEL"] == ["INFO", "default"]
    assert shown["LOKI_URL"] == ["http://service:***@loki:3100", "file", "of", "LOKI_URL_FILE"]


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert next(trace(VaultSettings)).value == "not set"
    monkeypatch.setenv("VAULT_TOKEN", "sesame")
    assert next(trace(VaultSettings)).value == "***"


@pytest.mark.parametrize(
    ("variable", "annotation", "is_masked"),
    [
        ("MAIL_PASSWORD", str, True),
        ("PASSWORD", str | None, True),
        ("MAIL_API_KEY", str, True),
        ("SIGNING_KEY", str, True),
        ("CLIENT_SECRET", str, True),
        ("SECRETS", tuple[str, ...], True),
        ("TOKENS_BY_TENANT", dict[str, str], True),
        ("SENTRY_DSN", str, True),
        ("DB_PWD", Annotated[str, "any"], True),
        ("ANYTHING", SecretStr, True),
        ("TOKEN_SECONDS", float, False),
        ("TOKEN_FILE", str, False),
        ("TOKEN_URL", str, False),
        ("PRIVATE_KEY_PATH", str, False),
        ("KEYBOARD", str, False),
        ("MONKEY", str, False),
        ("PASSAGE", str, False),
        ("NAME", str, False),
    ],
)
def test_a_text_that_is_named_like_a_secret_is_masked(
    variable: str, annotation: Any, *, is_masked: bool
) -> None:
    assert mask("sesame", variable, annotation) == ("***" if is_masked else "sesame")


def test_a_wrong_value_is_one_line_beside_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRACE_SECONDS", "soon")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(SystemExit) as caught:
        main([])
    grace, level = str(caught.value).splitlines()
    assert grace.startswith("GRACE_SECONDS: ")
    assert level.startswith("LOG_LEVEL: ")
    shown = capsys.readouterr().out
    assert "SERVICE_NAME" in shown
    assert "GRACE_SECONDS" not in shown


def test_a_secret_file_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKI_URL_FILE", "nowhere")
    with pytest.raises(SystemExit, match=r"^LOKI_URL_FILE: cannot read .*nowhere: [^\n]*$"):
        main([])
# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" or cookiecutter.cache == "redis" %}


def test_what_production_refuses_is_said_below_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SystemExit, match=r"^[A-Z]+_URL: in production"):
        main([])
    assert "SERVICE_NAME" in capsys.readouterr().out
# {% endif %}


def test_a_slip_of_the_pen_in_the_env_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("docker-compose.yml").write_text("ports: ['${GRAFANA_PORT:-3000}:3000']\n")
    Path(".env").write_text(
        "SERVICE_NAM=a\nSERVICE_NAME=b\nLOKI_URL_FILE=.env\nGRAFANA_PORT=1\nCOMPOSE_PROFILES=all\n"
    )
    with pytest.raises(SystemExit, match=r"^LOKI_URL: "):
        main([])
    assert capsys.readouterr().err == "unknown in .env: SERVICE_NAM\n"


def test_the_example_is_what_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    main(["--check"])


def test_an_example_that_is_not_up_to_date_is_found_and_written_again() -> None:
    for text in (None, "# SERVICE_NAME=other\n"):
        if text is not None:
            Path(".env.example").write_text(text)
        with pytest.raises(SystemExit, match=r"^\.env\.example is not up to date: run `just"):
            main(["--check"])
    main(["--example"])
    main(["--check"])


def test_the_example_changes_nothing_when_it_is_taken_over(core: CoreSettings) -> None:
    settings = re.findall(r"^# ([A-Z_]+=.*)$", write_example(GROUPS), re.MULTILINE)
    Path(".env").write_text("\n".join(settings))
    assert load_core_settings() == core


def test_what_the_example_says_is_what_is_read() -> None:
    class OddSettings(SettingsGroup):
        """What a shell would take apart."""

        words: Words = ("a", "b c", "it's")
        text: str = "it's \"a\" $HOME # \\' text"
        path: str = "C:\\new"

    Path(".env").write_text(re.sub("^# ", "", write_example([OddSettings]), flags=re.MULTILINE))
    assert read_settings(OddSettings) == OddSettings()


def test_a_setting_stands_below_its_description() -> None:
    assert write_example([VaultSettings]).partition("\n\n")[2] == (
        "## What must not be seen.\n"
        "# The key of the vault.\n"
        "# VAULT_TOKEN=\n"
        "# Who may enter, and who may leave again.\n"
        "# VAULT_NAMES='[\"a b\"]'\n"
        "# VAULT_ROOM=\n"
    )
