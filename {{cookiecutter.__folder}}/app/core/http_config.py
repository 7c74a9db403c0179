"""The settings that a service has when it is reached by HTTP."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from app.core.settings import SettingsGroup, Words
from app.core.urls import url_of

# As browsers send it, because it is compared to the letter.
ORIGIN = re.compile(r"\*|https?://([a-z0-9._-]+|\[[0-9a-f:]+\])(:\d+)?")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """Accept what browsers may name as the origin of a page; raises ValueError for the rest."""
    if not all(map(ORIGIN.fullmatch, origins)):
        raise ValueError("write origins such as https://app.example.com, without a path, or *")
    return origins


class HttpSettings(SettingsGroup):
    """Where the API listens, and what it takes."""

    host: str = "127.0.0.1"
    """The address that it listens on."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Its port."""
    workers: int | None = Field(default=None, ge=1)
    """Its processes under gunicorn; as many as the container may use CPUs when it is not set."""
    concurrent_requests: int = Field(default=1000, ge=1)
    """How many requests each process answers at once; more are refused."""
    concurrent_streams: int = Field(default=1000, ge=1)
    """How many server-sent events and WebSockets each process has open at once."""
    request_seconds: float = Field(default=30, gt=0)
    """How many seconds a request may take until its answer begins."""
    body_bytes: int = Field(default=1_048_576, ge=1)
    """The largest body that it takes, in bytes."""
    cors_origins: Annotated[Words, AfterValidator(check_origins)] = ()
    """The origins whose pages may call it, with commas between: https://app.example.com, or *"""


class ManagementSettings(SettingsGroup):
    """Where the API serves health, metrics and documents, when not beside its routes."""

    model_config = SettingsConfigDict(env_prefix="MANAGEMENT_")

    host: str = "127.0.0.1"
    """The address that it listens on for that."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port for that, which no client needs to reach; they are on PORT when it is not set."""


class AuthSettings(SettingsGroup):
    """Who issues the tokens that callers bring."""

    model_config = SettingsConfigDict(env_prefix="AUTH_")

    jwks_url: Annotated[str, url_of("http", "https")] | None = None
    """Where the issuer publishes its keys: https://issuer.example.com/.well-known/jwks.json"""
    issuer: str | None = None
    """What tokens must name as their issuer."""
    audience: str | None = None
    """What tokens must name as their audience: this service."""

    def find_danger(self) -> str | None:
        """Accept neither tokens meant for others nor keys that anybody in between can replace."""
        if self.jwks_url is None:
            return None
        if self.audience is None:
            return (
                "AUTH_AUDIENCE: in production, name this service, "
                "or tokens meant for others open it"
            )
        place = urlsplit(self.jwks_url)
        if place.scheme == "http" and place.hostname not in LOOPBACK:
            return "AUTH_JWKS_URL: in production, use https://, or others can replace the keys"
        return None
