"""Tell people what an update does, in lines."""

from collections.abc import Iterator

from tools.updates.outcome import Conflict, Drift, Outcome

SHOWN = 40


def tell_plan(outcome: Outcome) -> Iterator[str]:
    """Say what an update is going to change."""
    yield f"From {outcome.before} to {outcome.after}:"
    yield from (f"  {line}" for line in shorten(outcome.news))
    yield from tell_files(outcome)
    for name, answer in outcome.questions.items():
        yield f"  answered  {name}={write_answer(answer)} (a new question)"
    for name in outcome.dropped:
        yield f"  dropped   {name} (no longer a question)"
    for pin in outcome.overtaken:
        yield f"  dropped   your pin {pin}"
    for path in outcome.kept_deleted:
        yield f"  left out  {path} (you deleted it)"


def tell_files(outcome: Outcome) -> Iterator[str]:
    """List the files that change."""
    changes = outcome.changes
    for kind in ("added", "changed", "deleted"):
        yield from (f"  {kind:9} {path}" for path in getattr(changes, kind))
    yield from (f"  moved     {was} to {now}" for was, now in changes.moved)


def tell_conflicts(outcome: Outcome) -> Iterator[str]:
    """Show both sides of every conflict."""
    for conflict in outcome.conflicts:
        yield from tell_conflict(conflict)


def tell_conflict(conflict: Conflict) -> Iterator[str]:
    """Show what the team and the template have made of a file."""
    for side, text in (("you", conflict.yours), ("the template", conflict.template)):
        yield f"{conflict.path}, as {side} changed it:"
        yield from (f"    {line}" for line in shorten(text.splitlines()))


def tell_result(outcome: Outcome) -> Iterator[str]:
    """Say what was done and how to go on."""
    commit = f'git commit --message "chore: update the template to {outcome.after}"'
    undo = "git restore --staged --worktree ."
    generate = "./just settings --example"
    if outcome.stale:
        generate = f"./just lock && {generate}"
    if outcome.conflicts:
        paths = " ".join(conflict.path for conflict in outcome.conflicts)
        yield "Updated, with conflicts, as in a merge. Go on:"
        yield f"  edit between the marks, then git add {paths}"
        yield f"  {generate} && ./just check"
        yield f"  git add --update && {commit}"
    else:
        checked = "its checks pass" if outcome.checked else "its checks have not been run"
        yield f"Updated to {outcome.after}; {checked}. Nothing is committed. Go on:"
        if not outcome.checked:
            yield f"  {generate} && ./just check && git add --update"
        yield f"  {commit}"
    yield f"Or undo it: {undo}"


def tell_drift(drift: Drift) -> str:
    """Say in one line how far a service is from its template."""
    state = []
    if drift.behind:
        commits = "1 commit" if drift.behind == 1 else f"{drift.behind} commits"
        state.append(f"{commits} behind {drift.latest}: ./just template-update")
    if drift.edited or drift.deleted:
        files = (*drift.edited, *(f"{path} (deleted)" for path in drift.deleted))
        state.append(f"edited in the template's zone (./just template-diff): {', '.join(files)}")
    return (
        f"{drift.version}: {'; '.join(state) or 'up to date, and nothing of the template edited'}"
    )


def shorten(lines: list[str] | tuple[str, ...]) -> list[str]:
    """Leave out the end of a long list."""
    more = [f"... and {len(lines) - SHOWN} lines more"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]


def write_answer(answer: object) -> str:
    """Write an answer as the command line takes it."""
    return str(answer).lower() if isinstance(answer, bool) else str(answer)
