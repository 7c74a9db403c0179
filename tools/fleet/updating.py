"""Update the services of a fleet, one after the other, each whole or not at all."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from tools.fleet.finding import Member
from tools.updates import Outcome, UpdateRefusedError, update
from tools.updates.drift import Inspection
from tools.updates.git import Git, GitError
from tools.updates.service import list_changes, read_head
from tools.updates.telling import write_answer

Say = Callable[[str], None]


class Result(StrEnum):
    """What has become of a service."""

    UPDATED = "updated"
    CURRENT = "up to date"
    UNCOMMITTED = "updated, but not committed"
    CONFLICTS = "left alone, with conflicts"
    REFUSED = "left alone"


GOOD = (Result.UPDATED, Result.CURRENT)


@dataclass(frozen=True)
class Report:
    """What has become of one service, and why."""

    member: Member
    result: Result
    why: str = ""


@dataclass(frozen=True)
class Order:
    """What is to be done with every service."""

    template: Path
    check: bool
    commit: bool


def update_all(members: Sequence[Member], order: Order, say: Say) -> Iterator[Report]:
    """Update services in turn, and yield what has become of each."""
    for number, member in enumerate(members, start=1):
        tell = partial(say_of, say, f"[{number}/{len(members)}] {member.name}:")
        report = update_member(member, order, tell)
        tell(f"{report.result}: {report.why}" if report.why else f"{report.result}.")
        yield report


def say_of(say: Say, head: str, line: str) -> None:
    """Say something of one service."""
    say(f"{head} {line}")


def update_member(member: Member, order: Order, say: Say) -> Report:
    """Update a service, unless it is up to date or something is against it."""
    try:
        if is_current(member.folder, order.template):
            return Report(member, Result.CURRENT, describe_changes(Git(member.folder)))
        outcome = update(member.folder, template=order.template, check=order.check, say=say)
    except (UpdateRefusedError, GitError, OSError) as refusal:
        return Report(member, Result.REFUSED, str(refusal))
    if outcome.conflicts:
        paths = ", ".join(conflict.path for conflict in outcome.conflicts)
        why = f"{paths}; `./just template-update` in {member.folder} shows both sides."
        return Report(member, Result.CONFLICTS, why)
    for question, answer in outcome.questions.items():
        say(f"the new question {question} is answered with {write_answer(answer)}")
    for pin in outcome.overtaken:
        say(f"its own pin {pin} is dropped")
    return settle(member, outcome, commit=order.commit)


def is_current(service: Path, template: Path) -> bool:
    """Tell whether a service is made of what the template is now."""
    seen = Inspection(service, template)
    ahead = seen.template.is_ahead(seen.version.commit)
    return not ahead and seen.count_behind() == 0


def describe_changes(git: Git) -> str:
    """Say when git does not hold all of a service."""
    dirty = read_head(git) and list_changes(git)
    return "it has changes that are not committed." if dirty else ""


def settle(member: Member, outcome: Outcome, *, commit: bool) -> Report:
    """Commit an update, when that is wanted."""
    if not outcome.applied:
        return Report(member, Result.CURRENT)
    if commit:
        message = f"chore: update the template to {outcome.after}"
        # Only the service: whatever else its repository holds is somebody else's.
        done = Git(member.folder).attempt("commit", "--quiet", "--message", message, "--", ".")
        if done.returncode != 0:
            said = os.fsdecode(done.stderr or done.stdout).strip().splitlines()
            return Report(member, Result.UNCOMMITTED, said[0] if said else "git said nothing.")
    return Report(member, Result.UPDATED, f"to {outcome.after}.")


def summarise(reports: Sequence[Report], left: int, *, commit: bool) -> Iterator[str]:
    """Say what has become of all, and what to do about those that were left alone."""
    counts = ((result, [each.result for each in reports].count(result)) for result in Result)
    parts = [f"{number} {result}" for result, number in counts if number]
    parts += [f"{left} interrupted or not begun"] if left else []
    yield f"Of {len(reports) + left}: {'; '.join(parts)}."
    for report in reports:
        if report.result not in GOOD:
            yield f"  {report.member.name}: {report.result}: {report.why}"
    if not commit and any(report.result is Result.UPDATED for report in reports):
        yield (
            "Nothing is committed. In each: git commit; or, to undo it, "
            "git restore --staged --worktree ."
        )
    if left:
        yield "Run it again to go on."
