"""The base of every settings class: frozen, from the environment, secret files and `.env`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as NotJsonError

from app.core.errors import SettingsError

ENV_FILE = ".env"


class SettingsGroup(BaseSettings):
    """Settings that belong together: field `url` behind the prefix `LOKI_` reads LOKI_URL.

    Every NAME can come from the file that NAME_FILE points to instead, as secrets are mounted.
    The line below a field describes it, also in `.env.example`.
    """

    model_config = SettingsConfigDict(
        allow_inf_nan=False,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by ours
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by ours
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by ours
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let arguments win over the environment, that over secret files, those over `.env`."""
        return init_settings, *list_sources(settings_cls)

    def find_danger(self) -> str | None:
        """Return one sentence that names the variable whose value is unsafe in production."""
        return None


class SecretFilesSource(EnvSettingsSource):
    """Read NAME from the file that NAME_FILE names."""

    def __init__(self, group: type[BaseSettings], variables: Mapping[str, str | None]) -> None:
        """Read the files that these variables name, whose names are in lower case."""
        super().__init__(group)
        names = [name_variable(group, field) for field in group.model_fields]
        paths = {name: variables.get(f"{name}_FILE".lower()) for name in names}
        self.env_vars = {
            name.lower(): read_secret(f"{name}_FILE", Path(path))
            for name, path in paths.items()
            if path
        }


def list_sources(
    group: type[BaseSettings],
) -> tuple[EnvSettingsSource, SecretFilesSource, DotEnvSettingsSource]:
    """Return where values come from, the winner first; SettingsError for a file that is bad."""
    environment = EnvSettingsSource(group)
    try:
        dotenv = DotEnvSettingsSource(group, env_file=ENV_FILE)
    except UnicodeError as error:
        raise SettingsError(f"{ENV_FILE}: it is not UTF-8 text") from error
    except OSError as error:
        raise SettingsError(f"{ENV_FILE}: cannot read it: {error.strerror}") from error
    variables = {**dotenv.env_vars, **environment.env_vars}
    return environment, SecretFilesSource(group, variables), dotenv


def read_secret(variable: str, path: Path) -> str:
    """Return what a file holds, without the line's end; SettingsError names the variable."""
    place = path.absolute()
    try:
        secret = place.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeError as error:
        raise SettingsError(f"{variable}: {place} is not UTF-8 text") from error
    except OSError as error:
        raise SettingsError(f"{variable}: cannot read {place}: {error.strerror}") from error
    if not secret:
        raise SettingsError(f"{variable}: {place} is empty")
    return secret


Group = TypeVar("Group", bound=SettingsGroup)


def read_settings(group: type[Group]) -> Group:
    """Read a group of settings; SettingsError names the variable that is wrong, in one line."""
    try:
        return group()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = name_variable(group, str(first["loc"][0])) if first["loc"] else group.__name__
        raise SettingsError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error
    except NotJsonError as error:
        # Only its text says which field it is.
        field = re.findall(r'field "(\w+)"', str(error))[0]
        raise SettingsError(f"{name_variable(group, field)}: write it as JSON") from error


def name_variable(group: type[BaseSettings], field_name: str) -> str:
    """Return the environment variable that sets a field."""
    return f"{group.model_config.get('env_prefix', '')}{field_name}".upper()
