"""Refuse answers that cannot work, each in one sentence that says what to write instead."""

import json
import keyword
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Answers = Mapping[str, object]

CHOICES: dict[str, tuple[str, ...]] = {
    "interface": ("api-and-worker", "api", "worker"),
    "broker": ("both", "rabbitmq", "kafka", "none"),
    "database": ("postgresql", "mysql", "sqlite", "none"),
    "cache": ("redis", "none"),
    "ci": ("github", "gitlab", "none"),
}
LONGEST_TEXT = {"description": 200, "author": 100}
QUESTIONS = ("service_name", *LONGEST_TEXT, *CHOICES, "kubernetes")

NAME_PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SHORTEST_NAME, LONGEST_NAME = 2, 40
NAME_RULE = (
    f"{SHORTEST_NAME} to {LONGEST_NAME} lower-case letters, digits and single hyphens, "
    "starting with a letter"
)
# What the rendered service calls its own folders, and servers call their hosts and databases.
FOLDER_NAMES = "app build deploy dist docs migrations src test tests tools venv"
SERVER_NAMES = (
    "grafana guest kafka localhost loki mariadb mysql postgres postgresql prometheus rabbitmq "
    "redis root sqlite sys"
)
RESERVED_NAMES = frozenset(f"{FOLDER_NAMES} {SERVER_NAMES}".split())

# Spelled in pieces: cookiecutter renders this very file.
JINJA_OPENINGS = ("{" + "{", "{" + "#", "# {" + "%")
# Line and paragraph separators, surrogates and control characters; emoji need the other formats.
REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
ALLOWED_CONTROLS = frozenset("\n\t")
# Zero-width space, byte order mark, non-characters and text-direction overrides.
REFUSED_CHARACTERS = frozenset(
    map(chr, (0x200B, 0xFEFF, 0xFFFE, 0xFFFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)


@dataclass(frozen=True)
class Combination:
    """A combination of answers that cannot work, and what to answer instead."""

    questions: tuple[str, ...]
    holds: Callable[[Answers], bool]
    sentence: str


COMBINATIONS = (
    Combination(
        ("interface", "broker", "database", "cache"),
        lambda answers: (
            answers["interface"] != "api"
            and answers["broker"] == answers["database"] == answers["cache"] == "none"
        ),
        "A worker with no broker, database or cache has nothing to consume and nowhere to agree "
        "on who runs a job: choose cache=redis, a broker or a database, or interface=api.",
    ),
    Combination(
        ("database", "kubernetes"),
        lambda answers: answers["database"] == "sqlite" and answers["kubernetes"] is True,
        "SQLite is a file on one machine, which replicas on Kubernetes cannot share: "
        "choose kubernetes=false, or another database.",
    ),
)


def quote(value: object) -> str:
    """Show an answer on one line, whatever it holds."""
    text = json.dumps(value, ensure_ascii=False)
    text = "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 4]}...{text[-1]}"


def suggest_name(name: str) -> str:
    """Turn a refused name into the nearest one that is accepted."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")
    candidate = words[:LONGEST_NAME].rstrip("-")
    if is_reserved(candidate):
        candidate = f"{candidate}-service"
    return candidate if len(candidate) >= SHORTEST_NAME else "my-service"


def is_reserved(name: str) -> bool:
    """Tell whether a well-formed name already means something else."""
    return name in RESERVED_NAMES or keyword.iskeyword(name)


def check_name(name: object) -> str | None:
    """Return the sentence that refuses this service name, or None."""
    if not isinstance(name, str):
        return f'service_name is {quote(name)}: write a name such as "my-service".'
    if not name.strip():
        return f'service_name is empty: write a name such as "my-service" ({NAME_RULE}).'
    suggestion = f'"{suggest_name(name)}"'
    if not NAME_PATTERN.fullmatch(name) or not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        return f"service_name {quote(name)} cannot be used: write {suggestion} ({NAME_RULE})."
    if is_reserved(name):
        return f"service_name {quote(name)} already means something else: write {suggestion}."
    return None


def find_opening(text: str) -> str | None:
    """Find what cookiecutter would read as the start of a template tag."""
    return next((opening for opening in JINJA_OPENINGS if opening in text), None)


def is_invisible(character: str) -> bool:
    """Tell whether a character would break, or hide in, the files it is written to."""
    if character in ALLOWED_CONTROLS:
        return False
    return character in REFUSED_CHARACTERS or unicodedata.category(character) in REFUSED_CATEGORIES


def check_text(question: str, text: object) -> str | None:
    """Return the sentence that refuses this free text, or None."""
    if not isinstance(text, str):
        return f"{question} is {quote(text)}: write it as text."
    if not text.strip():
        return f"{question} is empty: write a few words."
    if len(text) > LONGEST_TEXT[question]:
        longest = LONGEST_TEXT[question]
        return f"{question} has {len(text)} characters: write at most {longest}."
    if opening := find_opening(text):
        return f"{question} holds {opening}, which cookiecutter reads as a tag: write it without."
    if invisible := next(filter(is_invisible, text), None):
        return f"{question} holds the character U+{ord(invisible):04X}: write it without."
    return None


def check_choice(question: str, value: object) -> str | None:
    """Return the sentence that refuses this choice, or None."""
    if question == "kubernetes":
        accepted = isinstance(value, bool)
        choices = "true or false"
    else:
        accepted = isinstance(value, str) and value in CHOICES[question]
        choices = " or ".join((", ".join(CHOICES[question][:-1]), CHOICES[question][-1]))
    return None if accepted else f"{question} is {quote(value)}: write {choices}."


def check_answer(question: str, value: object) -> str | None:
    """Return the sentence that refuses one answer, or None."""
    if question == "service_name":
        return check_name(value)
    if question in LONGEST_TEXT:
        return check_text(question, value)
    return check_choice(question, value)


def check_combinations(answers: Answers) -> str | None:
    """Return the sentence that refuses the answers known so far together, or None."""
    for combination in COMBINATIONS:
        if answers.keys() >= set(combination.questions) and combination.holds(answers):
            return combination.sentence
    return None


def check_folder(answers: Answers) -> str | None:
    """Return the sentence that refuses a folder that is not named like the service, or None."""
    if answers["service_name"] == answers["__folder"]:
        return None
    return (
        f"The folder {quote(answers['__folder'])} is not named like the service: "
        "answer service_name only, and leave __folder alone."
    )


def check_raw(raw: Answers) -> str | None:
    """Return the sentence that refuses a tag that cookiecutter has already filled in, or None."""
    for question in ("service_name", *LONGEST_TEXT):
        text = raw.get(question)
        if isinstance(text, str) and (opening := find_opening(text)):
            return (
                f"{question} holds {opening}, which cookiecutter reads as a tag: write it without."
            )
    return None


def find_refusal(answers: Answers, raw: Answers) -> str | None:
    """Return the one sentence that refuses these answers, or None when they can work."""
    if refusal := check_raw(raw):
        return refusal
    for question in QUESTIONS:
        if refusal := check_answer(question, answers.get(question)):
            return refusal
    return check_combinations(answers) or check_folder(answers)


def main() -> int:
    """Refuse the answers that cookiecutter renders into this file, or let it go on."""
    # cruft has no `_cookiecutter`, the answers as they were before cookiecutter rendered them.
    context = json.loads(
        r"""{{ [cookiecutter, _cookiecutter | default(cookiecutter)] | jsonify }}"""
    )
    refusal = find_refusal(*context)
    if refusal:
        sys.stderr.write(f"{refusal}\n")
    return 1 if refusal else 0


if __name__ == "__main__":
    sys.exit(main())
