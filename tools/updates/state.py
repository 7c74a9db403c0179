"""What a service remembers of the template it was made of: `.cruft.json`, as cruft writes it."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.updates.errors import UpdateRefusedError

NAME = ".cruft.json"
TABLE = "cookiecutter-microservice"
WAY = f"`./just template-update --link TEMPLATE` writes {NAME} again"


@dataclass(frozen=True)
class State:
    """The template, the commit and the answers that a service was made of."""

    content: Mapping[str, Any]

    @property
    def template(self) -> str:
        """The address of the template."""
        return str(self.content["template"])

    @property
    def commit(self) -> str:
        """The commit of the template."""
        return str(self.content["commit"])

    @property
    def answers(self) -> dict[str, object]:
        """The answers to the template's questions."""
        context = self.content["context"]["cookiecutter"]
        return {name: value for name, value in context.items() if not name.startswith("_")}

    @property
    def skip(self) -> list[str]:
        """What the team has taken over from the template besides its zone."""
        return list(self.content.get("skip") or [])

    def advance(self, rendered: Mapping[str, Any], template: str) -> str:
        """Return the text after an update to what was rendered."""
        context = dict(rendered["context"]["cookiecutter"], _template=template)
        content = {
            **self.content,
            "template": template,
            "commit": rendered["commit"],
            "checkout": None,
            "context": {"cookiecutter": context},
        }
        return write(content)


def write(content: Mapping[str, Any]) -> str:
    """Write a state as cruft does."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def read(service: Path) -> State:
    """Return what a service was made of; raises UpdateRefusedError."""
    try:
        content = json.loads((service / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UpdateRefusedError(
            f"{service / NAME}, which says what the service was made of, is not there: {WAY}."
        ) from None
    except ValueError as error:
        raise UpdateRefusedError(
            f"{service / NAME} is not JSON ({error}): take it from git again; "
            f"or delete it, and {WAY}."
        ) from None
    state = State(content)
    try:
        complete = bool(state.template and state.commit) and isinstance(state.answers, dict)
    except (KeyError, TypeError, AttributeError):
        complete = False
    if not complete:
        raise UpdateRefusedError(
            f"{service / NAME} lacks the template, the commit or the answers: take it from git "
            f"again; or delete it, and {WAY}."
        )
    return state


def read_project(folder: Path) -> dict[str, Any]:
    """Return what pyproject.toml says to tools; raises UpdateRefusedError."""
    path = folder / "pyproject.toml"
    try:
        tools: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UpdateRefusedError(f"{path} is not TOML ({error}): correct it.") from None
    return tools


def read_skip(folder: Path) -> list[str]:
    """Return what a service says is the team's."""
    return list(read_project(folder).get("cruft", {}).get("skip", []))
