"""The base of every settings class: frozen, from the environment, secret files and `.env`."""

import os
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.core.errors import SettingsError


class SettingsGroup(BaseSettings):
    """Settings that belong together: field `url` behind the prefix `LOKI_` reads LOKI_URL.

    Every NAME can come from the file that NAME_FILE points to instead, as secrets are mounted.
    """

    model_config = SettingsConfigDict(
        allow_inf_nan=False,
        env_file=".env",
        env_file_encoding="utf-8",
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
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by ours
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let arguments win over the environment, that over secret files, those over `.env`."""
        return init_settings, env_settings, SecretFilesSource(settings_cls), dotenv_settings

    def find_danger(self) -> str | None:
        """Return one sentence that names the variable whose value is unsafe in production."""
        return None


class SecretFilesSource(PydanticBaseSettingsSource):
    """Read NAME from the file that the environment names in NAME_FILE."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Return the content of the field's file, without the final newline, or None."""
        variable = f"{name_variable(self.settings_cls, field_name)}_FILE"
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\n"), field_name, False
        except OSError as error:
            raise SettingsError(f"{variable}: cannot read {path}: {error.strerror}") from error

    def __call__(self) -> dict[str, Any]:
        """Return the fields that have a file."""
        fields = self.settings_cls.model_fields
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}


Group = TypeVar("Group", bound=SettingsGroup)


def read_settings(group: type[Group]) -> Group:
    """Read a group of settings; SettingsError names the variable that is wrong, in one line."""
    try:
        return group()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = name_variable(group, str(first["loc"][0])) if first["loc"] else group.__name__
        raise SettingsError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


def name_variable(group: type[BaseSettings], field_name: str) -> str:
    """Return the environment variable that sets a field."""
    return f"{group.model_config.get('env_prefix', '')}{field_name}".upper()
