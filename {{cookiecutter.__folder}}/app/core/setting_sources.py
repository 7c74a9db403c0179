"""Where settings come from: the environment, secret files and `.env`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

from app.core.errors import SettingsError

ENV_FILE = ".env"


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


def name_variable(group: type[BaseSettings], field_name: str) -> str:
    """Return the environment variable that sets a field."""
    return f"{group.model_config.get('env_prefix', '')}{field_name}".upper()
