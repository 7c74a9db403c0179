"""Settle the answers to the questions of a new version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cookiecutter.prompt import (
    YesNoPrompt,
    read_user_choice,
    read_user_variable,
    read_user_yes_no,
    render_variable,
)
from cookiecutter.utils import create_env_with_context
from rich.prompt import InvalidResponse

from tools.updates.errors import UpdateRefusedError
from tools.updates.outcome import Answers

Say = Callable[[str], None]


@dataclass(frozen=True)
class Settled:
    """The answers for a new version, and what is to be told about them."""

    answers: dict[str, object]
    new: tuple[str, ...]
    dropped: tuple[str, ...]


class Questions:
    """The questions of a version, as cookiecutter.json has them."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        """Tell the questions from what is private."""
        self._content = content
        self._defaults = {name: each for name, each in content.items() if name[0] != "_"}
        self._prompts: Mapping[str, Any] = content.get("__prompts__", {})

    def settle(
        self, recorded: Answers, given: Mapping[str, str], *, ask: bool, say: Say
    ) -> Settled:
        """Keep the recorded answers, take those given, and ask what is left or take defaults."""
        self._check_names(given)
        answers: dict[str, object] = {}
        for name, default in self._defaults.items():
            if name in given:
                answers[name] = self._accept(name, read_value(given[name], default))
            elif name in recorded and self._is_allowed(name, recorded[name]):
                answers[name] = recorded[name]
            elif ask:
                say(self._introduce(name, recorded))
                answers[name] = self._prompt(name, {**recorded, **answers})
            elif name in recorded:
                self._accept(name, recorded[name])
            else:
                answers[name] = self._take_default(name, {**recorded, **answers})
        return Settled(
            answers,
            new=tuple(name for name in answers if name not in recorded),
            dropped=tuple(name for name in recorded if name not in answers),
        )

    def _check_names(self, given: Mapping[str, str]) -> None:
        if unknown := next((name for name in given if name not in self._defaults), None):
            names = ", ".join(self._defaults)
            raise UpdateRefusedError(f"{unknown} is no question: write NAME=VALUE, with {names}.")

    def _is_allowed(self, name: str, value: object) -> bool:
        default = self._defaults[name]
        if isinstance(default, list):
            return value in default
        return isinstance(value, type(default))

    def _accept(self, name: str, value: object) -> object:
        if self._is_allowed(name, value):
            return value
        raise UpdateRefusedError(
            f'{name} is "{value}", which this version does not allow: '
            f"add {name}= with {self._list_choices(name)}."
        )

    def _list_choices(self, name: str) -> str:
        default = self._defaults[name]
        if isinstance(default, bool):
            return "true or false"
        if not isinstance(default, list):
            return "a text"
        return " or ".join(filter(None, (", ".join(default[:-1]), default[-1])))

    def _introduce(self, name: str, recorded: Answers) -> str:
        if name in recorded:
            return f'{name} is "{recorded[name]}", which this version does not allow any more.'
        return f"{name} is a new question."

    def _prompt(self, name: str, known: Answers) -> object:
        default = self._defaults[name]
        if isinstance(default, list):
            return read_user_choice(name, default, self._prompts, "  ")
        if isinstance(default, bool):
            return read_user_yes_no(name, default, self._prompts, "  ")
        return read_user_variable(name, self._take_default(name, known), self._prompts, "  ")

    def _take_default(self, name: str, known: Answers) -> object:
        default = self._defaults[name]
        if isinstance(default, list):
            return default[0]
        if isinstance(default, bool):
            return default
        environment = create_env_with_context({"cookiecutter": dict(self._content)})
        return render_variable(environment, default, dict(known))


def read_value(text: str, default: object) -> object:
    """Read an answer given as text, as cookiecutter would."""
    if not isinstance(default, bool):
        return text
    try:
        return YesNoPrompt().process_response(text)
    except InvalidResponse:
        return text
