"""Show the settings in force: each variable, its value and where that came from."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import SecretBytes, SecretStr

from app.core.config import ServiceSettings, list_groups, load_core_settings, load_settings
from app.core.env_example import write_default, write_example
from app.core.errors import SettingsError
from app.core.redaction import has_secret_word
from app.core.setting_sources import list_sources, name_variable
from app.core.settings import SettingsGroup, read_settings
from app.core.urls import hide_password
from app.domain.settings import Settings

GROUPS: list[type[SettingsGroup]] = [*list_groups().values(), Settings]
EXAMPLE = Path(".env.example")
# What else reads `.env`: what these files mention is theirs, and what begins like this.
READERS = ("docker-compose*.yml", "justfile", "*.just")
PREFIXES = ("COMPOSE_", "DOCKER_", "TEST_", "UV_")
# The last word of a name that is a secret's, beside the words that logs hide anywhere in a name.
SECRET_ENDS = ("DSN", "KEY", "KEYS", "PASS", "PIN", "PWD", "SALT")
PLACES = ("FILE", "FOLDER", "PATH", "URL")


class Line(NamedTuple):
    """A variable in force."""

    variable: str
    value: str
    source: str


def trace(group: type[SettingsGroup]) -> Iterator[Line]:
    """Yield the variables of a group as they were written, with secrets masked."""
    environment, files, dotenv = list_sources(group)
    for name, field in group.model_fields.items():
        variable = name_variable(group, name)
        places = {
            "environment": environment.get_field_value(field, name)[0],
            f"file of {variable}_FILE": files.get_field_value(field, name)[0],
            ".env": dotenv.get_field_value(field, name)[0],
            "default": write_default(field),
        }
        # just puts what it finds in `.env` into the environment.
        if places["environment"] == places[".env"]:
            del places["environment"]
        source, value = next((key, each) for key, each in places.items() if each is not None)
        yield Line(variable, mask(value, variable, field.annotation), source)


def mask(value: str, variable: str, annotation: Any) -> str:
    """Return a value in one line, without what must stay secret."""
    if not value:
        return "not set"
    if is_secret(annotation) or (is_text(annotation) and is_named_secret(variable)):
        return "***"
    return " ".join(hide_password(value).splitlines())


def is_named_secret(variable: str) -> bool:
    """Tell whether a variable is named as secrets are, and not as the place where one is."""
    *_, last = variable.split("_")
    return last not in PLACES and (last in SECRET_ENDS or has_secret_word(variable))


def is_text(annotation: Any) -> bool:
    """Tell whether a type is a text, or a part of it is: numbers are limits, not secrets."""
    return annotation is str or any(map(is_text, get_args(annotation)))


def is_secret(annotation: Any) -> bool:
    """Tell whether a type keeps its value secret, or a part of it does."""
    return annotation in (SecretStr, SecretBytes) or any(map(is_secret, get_args(annotation)))


def find_mistakes() -> list[str]:
    """Return a sentence for each group that is wrong, or else for what keeps it from starting."""
    mistakes = []
    for group in GROUPS:
        try:
            read_settings(group)
        except SettingsError as error:
            mistakes.append(str(error))
    if mistakes:
        return mistakes
    try:
        load_settings(Settings, load_core_settings())
    except SettingsError as error:
        return [str(error)]
    return []


def find_unknown() -> list[str]:
    """Return the variables in `.env` that are no setting, and that nothing else mentions."""
    known = {name_variable(group, field) for group in GROUPS for field in group.model_fields}
    known |= {f"{name}_FILE" for name in known}
    written = {name.upper() for name in list_sources(ServiceSettings)[2].env_vars}
    texts = [path.read_text(encoding="utf-8") for glob in READERS for path in Path().glob(glob)]
    mentioned = set(re.findall(r"\w+", " ".join(texts)))
    return sorted(name for name in written - known - mentioned if not name.startswith(PREFIXES))


def show() -> None:
    """Print the settings in force; exit with one line for each that cannot be."""
    lines = [line for group in GROUPS for line in trace(group)]
    mistakes = find_mistakes()
    wrong = {mistake.partition(":")[0] for mistake in mistakes}
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        if line.variable not in wrong:
            print("  ".join(map(str.ljust, line, widths)).rstrip(), flush=True)
    for name in find_unknown():
        print(f"unknown in .env: {name}", file=sys.stderr)
    if mistakes:
        sys.exit("\n".join(mistakes))


def check_example(text: str) -> None:
    """Exit with one line when the example is not this text."""
    if not EXAMPLE.exists() or EXAMPLE.read_bytes() != text.encode():
        sys.exit(f"{EXAMPLE} is not up to date: run `just settings --example` and commit it")


def main(arguments: Sequence[str] | None = None) -> None:
    """Show the settings; with --example write `.env.example`, with --check compare it."""
    parser = argparse.ArgumentParser(prog="just settings", description=__doc__)
    options = parser.add_mutually_exclusive_group()
    options.add_argument("--example", action="store_true", help=f"write {EXAMPLE}")
    options.add_argument("--check", action="store_true", help=f"fail when {EXAMPLE} differs")
    chosen = parser.parse_args(arguments)
    if chosen.example:
        EXAMPLE.write_text(write_example(GROUPS), encoding="utf-8")
        print(f"wrote {EXAMPLE}")
    elif chosen.check:
        check_example(write_example(GROUPS))
    else:
        try:
            show()
        except SettingsError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
