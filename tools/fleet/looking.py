"""See how far every service of a fleet is from the template."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.fleet.finding import Member
from tools.updates import Drift, UpdateRefusedError, inspect
from tools.updates.telling import write_answer

HEADINGS = ("service", "version", "behind", "state", "answers", "edited")
SHOWN = 3

Say = Callable[[str], None]


@dataclass(frozen=True)
class Look:
    """What was seen of a service, or why nothing could be."""

    member: Member
    drift: Drift | None
    refusal: str = ""


def look_at_all(members: Sequence[Member], template: Path, say: Say) -> list[Look]:
    """Look at services, several at a time."""
    looks = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for look in pool.map(lambda member: look_at(member, template), members):
                looks.append(look)
                say(f"[{len(looks)}/{len(members)}] {look.member.name}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return looks


def look_at(member: Member, template: Path) -> Look:
    """Look at one service."""
    try:
        return Look(member, inspect(member.folder, template))
    except (UpdateRefusedError, OSError) as refusal:
        return Look(member, None, str(refusal))


def tell(looks: Sequence[Look], questions: Mapping[str, object]) -> Iterator[str]:
    """Write the table, and below it what could not be read."""
    rows = [HEADINGS, *(write_row(look, questions) for look in looks)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    yield from (f"{look.member.name}: {look.refusal}" for look in looks if look.refusal)


def write_row(look: Look, questions: Mapping[str, object]) -> tuple[str, ...]:
    """Write what is to be seen of a service in the cells of a row."""
    drift = look.drift
    if drift is None:
        return (look.member.name, "", "", "unreadable", "", "")
    return (
        look.member.name,
        str(drift.version),
        write_count(drift.behind, "commit") if drift.behind else "-",
        write_state(drift),
        write_answers(drift, questions),
        write_edited(drift),
    )


def write_state(drift: Drift) -> str:
    """Say in a word or two whether the service can be updated."""
    if not drift.git:
        return "no git"
    return "dirty" if drift.dirty else "clean"


def write_answers(drift: Drift, questions: Mapping[str, object]) -> str:
    """Write the choices that are not the defaults."""
    defaults = {
        name: each[0] if isinstance(each, list) else each
        for name, each in questions.items()
        if name[0] != "_" and isinstance(each, list | bool)
    }
    answers = drift.answers.items()
    chosen = ((name, value) for name, value in answers if defaults.get(name, value) != value)
    return " ".join(f"{name}={write_answer(value)}" for name, value in chosen) or "-"


def write_edited(drift: Drift) -> str:
    """Name the template's files that the team has changed."""
    files = [*drift.edited, *(f"{path} (deleted)" for path in drift.deleted)]
    more = [f"{len(files) - SHOWN} more"] if len(files) > SHOWN else []
    return ", ".join([*files[:SHOWN], *more]) or "-"


def write_count(number: int, noun: str) -> str:
    """Write a number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
