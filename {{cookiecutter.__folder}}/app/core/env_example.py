"""What `.env.example` says: every setting, what it is for, and its default."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from pydantic_settings import NoDecode

from app.core.setting_sources import name_variable
from app.core.settings import SettingsGroup

WIDTH = 100
HEADER = """\
# Copy to .env and take away the "# " of what you change; .env stays out of git. Every value is the
# default, the environment wins over .env, and NAME_FILE=/path reads NAME from a file, for secrets.
# `./just settings --example` writes this file, with the settings of app/domain/settings.py too.
"""


def write_example(groups: Iterable[type[SettingsGroup]]) -> str:
    """Return the text of `.env.example`."""
    return "\n".join([HEADER, *("\n".join([*write_group(group), ""]) for group in groups)])


def write_group(group: type[SettingsGroup]) -> Iterator[str]:
    """Yield the lines of a group: its purpose, then each setting below its description."""
    purpose = (group.__doc__ or group.__name__).strip().splitlines()[0]
    yield from write_comment(purpose, "## ")
    for name, field in group.model_fields.items():
        yield from write_comment(field.description or "", "# ")
        yield f"# {name_variable(group, name)}={quote(write_default(field))}"


def write_comment(text: str, mark: str) -> list[str]:
    """Return a text as lines of comment."""
    wrapped = textwrap.wrap(" ".join(text.split()), WIDTH - len(mark), break_on_hyphens=False)
    return [f"{mark}{line}" for line in wrapped]


def write_default(field: FieldInfo) -> str:
    """Return the default of a field as a variable holds it; nothing when there is none."""
    if field.is_required():
        return ""
    value = to_jsonable_python(field.get_default(call_default_factory=True))
    if NoDecode in field.metadata:
        return ",".join(value)
    if isinstance(value, str):
        return value
    return "" if value in (None, [], {}) else json.dumps(value, ensure_ascii=False)


def quote(value: str) -> str:
    """Return a value as `.env` holds it."""
    if not re.search(r"[\s#\"'$\\]", value):
        return value
    escaped = re.sub(r"([\\'])", r"\\\1", value)
    return f"'{escaped}'"
