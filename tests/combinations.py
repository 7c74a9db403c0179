"""Every combination of answers: which are supported, and a small set that covers every pair."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import Any

from tests.small_template import ROOT

Answer = str | bool

FREE_TEXT = ("service_name", "description", "author")


def load_choices() -> dict[str, tuple[Answer, ...]]:
    """Return the answers of every question that offers a choice, the default first."""
    questions: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    return {
        question: (default, not default) if isinstance(default, bool) else tuple(default)
        for question, default in questions.items()
        if not question.startswith("_") and question not in FREE_TEXT
    }


CHOICES = load_choices()


@dataclass(frozen=True)
class Combination:
    """One answer to each question that offers a choice."""

    values: tuple[Answer, ...]

    def __getitem__(self, question: str) -> Answer:
        """Return the answer to a question."""
        return self.answers[question]

    def __str__(self) -> str:
        """Name it, in folders and in the names of tests."""
        return "_".join(str(value).lower() for value in self.values)

    @cached_property
    def answers(self) -> Mapping[str, Answer]:
        """The answers, as cookiecutter takes them."""
        return dict(zip(CHOICES, self.values, strict=True))

    def combine(self, size: int) -> set[tuple[tuple[str, Answer], ...]]:
        """Return every so many of its answers."""
        return set(combinations(self.answers.items(), size))


def choose(**answers: Answer) -> Combination:
    """Return the default combination with some answers changed."""
    defaults = {question: choices[0] for question, choices in CHOICES.items()}
    if unknown := answers.keys() - defaults.keys():
        raise KeyError(*unknown)
    return Combination(tuple((defaults | answers).values()))


def is_supported(combination: Combination) -> bool:
    """Tell whether a service with these answers can work."""
    nothing = all(combination[part] == "none" for part in ("broker", "database", "cache"))
    idle_worker = combination["interface"] != "api" and nothing
    shared_file = combination["database"] == "sqlite" and combination["kubernetes"] is True
    return not idle_worker and not shared_file


def cover(candidates: Iterable[Combination], size: int) -> Iterator[Combination]:
    """Choose few candidates in which each so many answers that occur together still do."""
    parts = {each: each.combine(size) for each in candidates}
    missing = set().union(*parts.values())
    best = DEFAULT
    while missing:
        yield best
        missing -= parts[best]
        best = max(parts, key=lambda each: len(parts[each] & missing))


EVERY = [Combination(values) for values in product(*CHOICES.values())]
SUPPORTED = [each for each in EVERY if is_supported(each)]
UNSUPPORTED = [each for each in EVERY if not is_supported(each)]
DEFAULT = choose()
COVERING = list(cover(SUPPORTED, 2))
# Of those, few in which every single answer is.
ANSWERING = list(cover(COVERING, 1))

# Far apart, and each the plainest or the fullest of its kind: the inner loop checks these.
TELLING = {
    "default": DEFAULT,
    "everything": choose(kubernetes=True),
    "api-alone": choose(interface="api", broker="none", database="none", cache="none", ci="none"),
    "worker-on-kafka": choose(
        interface="worker",
        broker="kafka",
        database="mysql",
        cache="none",
        ci="gitlab",
        kubernetes=True,
    ),
    "jobs-on-redis": choose(interface="worker", broker="none", database="none", ci="none"),
    "no-database": choose(broker="rabbitmq", database="none", cache="none", ci="gitlab"),
    "one-machine": choose(broker="none", database="sqlite", cache="none"),
}
