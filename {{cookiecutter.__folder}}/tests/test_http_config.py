"""The settings of the API: origins, and whose tokens it believes."""

import pytest

from app.core.errors import SettingsError
from app.core.http_config import AuthSettings, HttpSettings
from app.core.settings import read_settings

KEYS = "https://issuer.example.com/keys"


def test_origins_stand_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://app.example.com, http://localhost:3000,")
    origins = read_settings(HttpSettings).cors_origins
    assert origins == ("https://app.example.com", "http://localhost:3000")


@pytest.mark.parametrize("origin", ["*", "http://[::1]:3000", "https://a-b.example:8443"])
def test_what_a_browser_sends_is_an_origin(origin: str) -> None:
    assert HttpSettings(cors_origins=(origin,)).cors_origins == (origin,)


@pytest.mark.parametrize(
    "origin", ["app.example.com", "https://app.example.com/", "https://*.example.com", "null"]
)
def test_what_no_browser_sends_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f"https://fine.example.com,{origin}")
    with pytest.raises(SettingsError, match=r"^CORS_ORIGINS: write origins such as https://app"):
        read_settings(HttpSettings)


@pytest.mark.parametrize(
    ("settings", "danger"),
    [
        (AuthSettings(), None),
        (AuthSettings(jwks_url=KEYS, audience="us"), None),
        (AuthSettings(jwks_url="http://127.0.0.1:1/keys", audience="us"), None),
        (AuthSettings(jwks_url=KEYS), "AUTH_AUDIENCE: in production, name this service, or"),
        (
            AuthSettings(jwks_url="http://issuer.example.com/keys", audience="us"),
            "AUTH_JWKS_URL: in production, use https://",
        ),
    ],
)
def test_production_believes_no_tokens_that_others_could_make_or_use(
    settings: AuthSettings, danger: str | None
) -> None:
    assert (settings.find_danger() or "").startswith(danger or "")
    assert (settings.find_danger() is None) == (danger is None)
