"""The base of every settings class: frozen, from the environment, secret files and `.env`."""

import re
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as NotJsonError

from app.core.errors import SettingsError
from app.core.setting_sources import list_sources, name_variable


def split_at_commas(value: object) -> object:
    """Return the parts of a text, without spaces; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_at_commas)]
"""Several texts in one variable, with commas between."""


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
