"""Update one service to another version of its template, or leave it exactly as it is."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tools.updates import checking, pins, state
from tools.updates.bench import PATCH, Bench
from tools.updates.errors import UpdateRefusedError
from tools.updates.git import GitError
from tools.updates.merging import merge_renders, write_stages
from tools.updates.outcome import Answers, Changes, Outcome
from tools.updates.placing import place
from tools.updates.questions import Questions
from tools.updates.rendering import Render, render
from tools.updates.service import Service
from tools.updates.template import Template

Say = Callable[[str], None]


def update(
    service: Path,
    *,
    template: Path,
    answers: Mapping[str, str] | None = None,
    ask: bool = False,
    merge: bool = False,
    check: bool = True,
    say: Say = print,
    confirm: Callable[[Outcome], bool] | None = None,
    address: str | None = None,
) -> Outcome:
    """Bring a service to the version of a template that is checked out; raises UpdateRefusedError.

    Without `merge`, an update with conflicts changes nothing and says which they are. `address`
    is where the template is from now on, when it has moved.
    """
    with make_home() as home:
        try:
            work = Update(service.resolve(), template.resolve(), home, say)
            outcome = work.plan(answers or {}, ask=ask, address=address)
            stopped = outcome.conflicts and not merge
            if not outcome.needed or stopped or (confirm and not confirm(outcome)):
                return outcome
            return work.finish(outcome, check=check)
        except GitError as error:
            raise UpdateRefusedError(
                f"git failed, so nothing was changed in {service}: {error}"
            ) from error


@contextmanager
def make_home() -> Iterator[Path]:
    """Make a folder for all that an update needs on its way, and delete it in the end."""
    with tempfile.TemporaryDirectory(prefix="template-update-", ignore_cleanup_errors=True) as home:
        yield Path(home).resolve()


class Update:
    """One update of one service, made in a folder of its own until it is complete."""

    def __init__(self, folder: Path, template: Path, home: Path, say: Say) -> None:
        """Look at the service and the template; raises UpdateRefusedError."""
        self.state = state.read(folder)
        self.service = Service.open(folder)
        self.template = Template(template)
        self.home = home
        self.say = say
        self.bench = Bench(home)
        self.before = self.template.find_recorded(self.state.commit)
        self.after = self.template.latest

    def plan(self, given: Mapping[str, str], *, ask: bool, address: str | None) -> Outcome:
        """Merge in a copy, and tell what that would change."""
        if self.template.is_ahead(self.before.commit):
            raise UpdateRefusedError(
                f"The service is made of version {self.before}, which is newer than {self.after}: "
                "updates go forward only."
            )
        questions = Questions(self.template.read_questions(self.after.commit))
        settled = questions.settle(self.state.answers, given, ask=ask, say=self.say)
        changed = self.template.count_changes(self.before.commit)
        moved = address is not None and address != self.state.template
        if not changed and not moved and settled.answers == self.state.answers:
            return Outcome(self.before, self.after)
        before, after = self.render(settled.answers)
        self.copy = self.bench.copy(self.service)
        self.merged = merge_renders(self.bench, self.service, before, after)
        self.apply(self.state.advance(after.state, address or self.state.template))
        overtaken = pins.take_over(self.copy, before.folder, after.folder)
        self.stage()
        return Outcome(
            self.before,
            self.after,
            needed=True,
            changes=self.list_changes(),
            questions={name: settled.answers[name] for name in settled.new},
            dropped=settled.dropped,
            kept_deleted=self.merged.kept_deleted,
            overtaken=overtaken,
            stale=pins.is_stale(self.copy),
            news=self.template.read_news(self.before.commit),
            conflicts=self.merged.conflicts,
        )

    def render(self, answers: Answers) -> tuple[Render, Render]:
        """Render what the service was made of, and what it is to become."""
        self.say(f"rendering {self.before} and {self.after} ...")
        folder = self.template.folder
        before = render(folder, self.before, self.state.answers, self.home / "before")
        return before, render(folder, self.after, answers, self.home / "after")

    def apply(self, text: str) -> None:
        """Bring the merge into the copy, and what the service is made of now."""
        if self.merged.patch:
            where = (f"--directory={self.service.prefix}",) if self.service.prefix else ()
            options = ("--index", "--binary", "--whitespace=nowarn")
            self.bench.git.run("apply", *options, *where, given=self.merged.patch)
        (self.copy / state.NAME).write_text(text, encoding="utf-8")

    def stage(self) -> None:
        """Take what was written anew into the update, and nothing that checks leave behind."""
        known = self.service.read_entries().keys() & {state.NAME, *checking.GENERATED}
        there = [name for name in (*known, *pins.WRITTEN) if (self.copy / name).is_file()]
        git = self.bench.at(self.copy)
        git.run("add", "--force", "--", *there)
        git.run("rm", "--quiet", "--cached", "--ignore-unmatch", "--", *pins.list_gone(self.copy))

    def list_changes(self) -> Changes:
        """List the files that are different in the copy."""
        tree = self.bench.git.read("write-tree")
        where = [f"{each}:{self.service.prefix}" for each in (self.service.head, tree)]
        changes = self.bench.list_changes(*where)
        listed: dict[str, list[tuple[str, ...]]] = {}
        for letter, paths in changes:
            if paths != (state.NAME,):
                listed.setdefault(letter, []).append(paths)
        return Changes(
            added=tuple(path for (path,) in listed.get("A", [])),
            changed=tuple(path for letter in "MT" for (path,) in listed.get(letter, [])),
            deleted=tuple(path for (path,) in listed.get("D", [])),
            moved=tuple((was, now) for was, now in listed.get("R", [])),
        )

    def finish(self, outcome: Outcome, *, check: bool) -> Outcome:
        """Check the copy, and bring the update into the work tree."""
        # With conflict markers in it, nothing can be checked.
        checked = check and not outcome.conflicts
        if checked:
            checking.check(self.copy, self.say)
            self.stage()
            outcome = replace(outcome, stale=False)
        index = write_stages(self.bench, self.service, self.merged.stages)
        patch = self.bench.git.run(*PATCH, "--cached", "HEAD")
        place(self.service, patch, index, self.home)
        return replace(outcome, applied=True, checked=checked, changes=self.list_changes())
