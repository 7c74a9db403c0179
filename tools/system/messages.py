"""Whether what a service of the system waits for is sent there, in a form that it can read."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.system.errors import SystemRefusedError
from tools.system.programs import run

INSIDE = Path(__file__).parent / "inside"
Description = Mapping[str, Any]
Descriptions = Mapping[str, Description]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A message on its way from one service to another."""

    giver: str
    taker: str
    given: Any
    taken: Any
    what: str
    """What is wrong when they do not fit, in words."""


def describe(rendered: Path, python: Path) -> Description:
    """Return what a service sends, receives, asks and answers."""
    failure = f"{rendered.name} does not tell its messages; correct its code"
    said = run(failure, [python, INSIDE / "describe.py"], cwd=rendered, PYTHONPATH=str(rendered))
    description: Description = json.loads(said)
    return description


def check(services: Descriptions, folder: Path) -> None:
    """Refuse a message without a sender or in a form that cannot be read."""
    pairs = [*pair_events(services), *pair_requests(services)]
    if not pairs:
        return
    question = {
        "documents": {name: each["document"] for name, each in services.items()},
        "pairs": [vars(pair) for pair in pairs],
    }
    # Any of them: what compares is the same in all, and needs no library.
    command = [sys.executable, INSIDE / "compare.py"]
    beside = str(folder / next(iter(services)))
    said = run(
        "The messages could not be compared",
        command,
        cwd=folder,
        given=json.dumps(question),
        PYTHONPATH=beside,
    )
    for pair, misfits in zip(pairs, json.loads(said), strict=True):
        for misfit in misfits:
            field = f"{misfit['path']} " if misfit["path"] else ""
            raise SystemRefusedError(f"{pair.what}: {field}{reword(misfit['reason'])}.")


def reword(reason: str) -> str:
    """Tell a difference between two services in words that the template has for two versions."""
    sent, between, read = reason.removeprefix("was ").partition(" and is now ")
    return f"is sent as {sent} and read as {read}" if between else reason.removesuffix(" now")


def pair_events(services: Descriptions) -> Iterator[Pair]:
    """Yield every event that one service sends and one receives; raises SystemRefusedError."""
    for taker, description in services.items():
        for topic, taken in description["receives"].items():
            givers = [name for name, each in services.items() if topic in each["sends"]]
            if not givers:
                named = description["senders"].get(topic)
                sender = f" ({named}, it says)" if named else ""
                raise SystemRefusedError(
                    f"{taker} listens to {topic}, which no service of the system sends{sender}: "
                    "declare the event in the app/domain/events.py of its sender."
                )
            for giver in givers:
                yield Pair(
                    giver=giver,
                    taker=taker,
                    given=services[giver]["sends"][topic],
                    taken=taken,
                    what=f"{taker} cannot read {topic} as {giver} sends it",
                )


def pair_requests(services: Descriptions) -> Iterator[Pair]:
    """Yield every request and its reply; raises SystemRefusedError."""
    for asker, description in services.items():
        for topic, (question, wanted) in description["asks"].items():
            answerers = [name for name, each in services.items() if topic in each["answers"]]
            if not answerers:
                raise SystemRefusedError(
                    f"{asker} asks {topic}, which no service of the system answers: answer "
                    "it in the app/tasks/consumer.py of one, or do not declare it."
                )
            for answerer in answerers:
                read, reply = services[answerer]["answers"][topic]
                yield Pair(
                    giver=asker,
                    taker=answerer,
                    given=question,
                    taken=read,
                    what=f"{answerer} cannot read {topic} as {asker} asks it",
                )
                yield Pair(
                    giver=answerer,
                    taker=asker,
                    given=reply,
                    taken=wanted,
                    what=f"{asker} cannot read the reply to {topic} as {answerer} gives it",
                )
