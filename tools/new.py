"""Ask the questions of cookiecutter.json, check each answer at once, and render a service."""

import argparse
import logging
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cookiecutter.config import get_user_config
from cookiecutter.exceptions import CookiecutterException
from cookiecutter.generate import generate_context
from cookiecutter.main import cookiecutter
from cookiecutter.prompt import (
    YesNoPrompt,
    read_user_choice,
    read_user_variable,
    read_user_yes_no,
)
from rich.prompt import InvalidResponse

from hooks.pre_gen_project import QUESTIONS, check_answer, check_combinations, quote
from tools.origin import NoOriginError, find_origin

TEMPLATE = Path(__file__).resolve().parent.parent


class RefusedError(Exception):
    """Say in one sentence why no service can be rendered."""


class Interview:
    """Collect one accepted answer to each question."""

    def __init__(self, given: Mapping[str, str], *, output_dir: Path, ask: bool) -> None:
        """Prepare to ask what is not given, or to take its default."""
        self.given = given
        self.output_dir = output_dir
        self.ask = ask
        context = load_questions()
        self.prompts: Mapping[str, Any] = context["__prompts__"]
        self.defaults = {question: context[question] for question in QUESTIONS}
        self.answers: dict[str, object] = {}

    def run(self) -> dict[str, object]:
        """Answer every question, in order."""
        for number, question in enumerate(QUESTIONS, start=1):
            self.answers[question] = self.answer(question, number)
        return self.answers

    def answer(self, question: str, number: int) -> object:
        """Return the first acceptable answer to one question."""
        if question in self.given:
            value = read_value(self.given[question], self.defaults[question])
        elif not self.ask:
            default = self.defaults[question]
            value = default[0] if isinstance(default, list) else default
        else:
            return self.prompt_until_accepted(question, number)
        if refusal := self.check(question, value):
            raise RefusedError(refusal)
        return value

    def prompt_until_accepted(self, question: str, number: int) -> object:
        """Ask, say what is wrong, and ask again."""
        while True:
            value = self.prompt(question, f"  [dim][{number}/{len(QUESTIONS)}][/] ")
            refusal = self.check(question, value)
            if not refusal:
                return value
            say(f"  {refusal}")

    def prompt(self, question: str, prefix: str) -> object:
        """Ask one question the way cookiecutter does."""
        default = self.defaults[question]
        if isinstance(default, list):
            return read_user_choice(question, default, self.prompts, prefix)
        read = read_user_yes_no if isinstance(default, bool) else read_user_variable
        return read(question, default, self.prompts, prefix)

    def check(self, question: str, value: object) -> str | None:
        """Return the sentence that refuses this answer beside the earlier ones, or None."""
        if refusal := check_answer(question, value):
            return refusal
        if question == "service_name" and (self.output_dir / str(value)).exists():
            return (
                f"The folder {self.output_dir / str(value)} already exists: "
                "choose another service_name, or another --output-dir."
            )
        return check_combinations({**self.answers, question: value})


def load_questions() -> dict[str, Any]:
    """Load the questions, with the defaults that the user keeps for cookiecutter."""
    context = generate_context(
        context_file=str(TEMPLATE / "cookiecutter.json"),
        default_context=get_user_config()["default_context"],
    )
    questions: dict[str, Any] = context["cookiecutter"]
    return questions


def read_value(text: str, default: object) -> object:
    """Read an answer given as text, as cookiecutter would."""
    if isinstance(default, bool):
        try:
            return YesNoPrompt().process_response(text)
        except InvalidResponse:
            return text
    return text


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./just new",
        description="Render a service; every question not answered as NAME=VALUE is asked.",
    )
    parser.add_argument("answers", nargs="*", metavar="NAME=VALUE", help=", ".join(QUESTIONS))
    parser.add_argument("--output-dir", type=Path, default=Path(), help="where its folder goes")
    parser.add_argument(
        "--no-input", action="store_true", help="ask nothing: what is not answered is the default"
    )
    return parser.parse_args(arguments)


def split_answers(arguments: Sequence[str]) -> dict[str, str]:
    """Split NAME=VALUE arguments."""
    answers = {}
    for argument in arguments:
        question, equals, value = argument.partition("=")
        if question not in QUESTIONS or not equals:
            raise RefusedError(
                f"{quote(argument)} answers no question: "
                f"write NAME=VALUE, where NAME is one of {', '.join(QUESTIONS)}."
            )
        answers[question] = value
    return answers


def render(answers: Mapping[str, object], output_dir: Path) -> None:
    """Render the service, or leave nothing behind."""
    # What cookiecutter logs around a failing hook is its own traceback.
    logging.getLogger("cookiecutter").addHandler(logging.NullHandler())
    folder = output_dir / str(answers["service_name"])
    try:
        cookiecutter(
            str(TEMPLATE), no_input=True, extra_context=dict(answers), output_dir=str(output_dir)
        )
        write_origin(folder, answers)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (CookiecutterException, OSError) as error:
        raise RefusedError(f"{folder} could not be rendered: {error}.") from error


def write_origin(service: Path, answers: Mapping[str, object]) -> None:
    """Write what an update of a service needs to know, or say why it cannot have one."""
    try:
        find_origin(TEMPLATE).write(service, TEMPLATE, answers)
    except NoOriginError as reason:
        say(f"{service.name} cannot be updated from this template later: {reason}.")


def say(sentence: str) -> None:
    """Write one line for the user."""
    sys.stderr.write(f"{sentence}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Render a service from the answers given on the command line and at the prompt."""
    options = read_arguments(arguments)
    try:
        given = split_answers(options.answers)
        interview = Interview(given, output_dir=options.output_dir, ask=not options.no_input)
        render(interview.run(), options.output_dir)
    except (KeyboardInterrupt, EOFError):
        say("\nStopped: nothing was written.")
        return 130
    except RefusedError as refusal:
        say(str(refusal))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
