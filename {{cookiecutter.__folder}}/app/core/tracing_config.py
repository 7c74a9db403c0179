"""The settings of traces, under the names that OpenTelemetry gives them."""

import re
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from app.core.settings import SettingsGroup
from app.core.urls import url_of

HEADERS = re.compile(r"\s*[\w.-]+\s*=[^,]+(,\s*[\w.-]+\s*=[^,]+)*", re.ASCII)


def check_headers(headers: SecretStr) -> SecretStr:
    """Accept `name=value` with commas between; raises ValueError for the rest."""
    if not HEADERS.fullmatch(headers.get_secret_value()):
        raise ValueError("write name=value, with commas between, and percent-encode what is odd")
    return headers


class TracingSettings(SettingsGroup):
    """The OpenTelemetry collector that gets spans, when there is one."""

    model_config = SettingsConfigDict(env_prefix="OTEL_")

    exporter_otlp_endpoint: Annotated[str, url_of("http", "https")] | None = None
    """Where it takes OTLP over HTTP: http://127.0.0.1:4318"""
    exporter_otlp_headers: Annotated[SecretStr, AfterValidator(check_headers)] | None = None
    """What it wants to be sent along, such as a token: authorization=Bearer%20token"""
    traces_sampler_arg: float = Field(default=1.0, ge=0, le=1)
    """Which part of the traces that begin here is recorded."""

    def read_headers(self) -> dict[str, str]:
        """Return the headers by their names."""
        if self.exporter_otlp_headers is None:
            return {}
        parts = self.exporter_otlp_headers.get_secret_value().split(",")
        pairs = (part.partition("=") for part in parts)
        return {name.strip(): unquote(value.strip()) for name, _, value in pairs}
