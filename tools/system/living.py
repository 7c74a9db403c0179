"""Services that a team has taken over: with a repository of their own, they are only updated."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.new import TEMPLATE
from tools.system.checks import ASKED
from tools.system.file import Service, System
from tools.system.rendering import write
from tools.updates import Outcome, UpdateRefusedError, state, update
from tools.updates.bench import PATCH
from tools.updates.git import Git, GitError
from tools.updates.placing import place
from tools.updates.service import Service as Repository

Say = Callable[[str], None]
# Without what its owner lets git do at every checkout.
CLONE = ("-c", f"core.hooksPath={os.devnull}", "clone", "--quiet", "--shared", "--template=")


@dataclass(frozen=True)
class Living:
    """A service of a team, with its update, which waits until the system is complete."""

    home: Path
    shown: Path
    """Where it is as it will be: in its home, or in a copy that was updated."""
    refusal: str = ""
    """Why it stays as it is."""
    repository: Repository | None = None
    patch: bytes = b""

    def answer(self, service: Service) -> Service:
        """Return its entry with the answers that it has, where it remembers them."""
        try:
            answers = state.read(self.shown).answers.items()
        except UpdateRefusedError:
            return service
        given = {question: answer for question, answer in answers if question in ASKED}
        return service.model_copy(update={"given": given})

    def place(self, room: Path) -> str:
        """Bring the update into its home; return why that cannot be done, or nothing."""
        if self.repository is None:
            return self.refusal
        try:
            place(self.repository, self.patch, b"", room)
        except (UpdateRefusedError, GitError) as error:
            return str(error)
        return ""


class Teams:
    """The services of a system that have repositories of their own."""

    def __init__(self, target: Path) -> None:
        """Find them below the folder of the system."""
        self.target = target
        self.names = sorted(path.parent.name for path in target.glob("*/.git"))
        self.living: dict[str, Living] = {}

    def prepare(self, system: System, room: Path, say: Say, *, check: bool) -> System:
        """Update copies, and return the system with the answers that they have now."""
        copies = room / "copies"
        copies.mkdir()
        for service in system.services:
            if service.name in self.names:
                home = self.target / service.name
                self.living[service.name] = prepare(service, home, copies, say, check=check)
        services = [
            self.living[each.name].answer(each) if each.name in self.living else each
            for each in system.services
        ]
        return system.model_copy(update={"services": services})

    def place(self, room: Path) -> dict[str, str]:
        """Bring the updates into their homes; return who stays as it was, and why."""
        left = {name: each.place(room) for name, each in self.living.items()}
        return {name: refusal for name, refusal in left.items() if refusal}


def prepare(service: Service, home: Path, copies: Path, say: Say, *, check: bool) -> Living:
    """Update a copy of a service, unless there is nothing new or something against it."""
    name, copy = service.name, copies / service.name
    say(f"{name}: has a repository of its own; looking for what is new ...")
    given = {question: write(answer) for question, answer in service.given.items()}
    try:
        state.read(home)
        repository = Repository.open(home.resolve())
        Git(home).run(*CLONE, ".", str(copy))
        outcome = update(
            copy,
            template=TEMPLATE,
            answers=given,
            check=check,
            say=lambda line: say(f"{name}: {line}"),
        )
        if outcome.conflicts:
            return Living(home, home, describe_conflicts(outcome, home))
        if not outcome.needed:
            say(f"{name}: is up to date.")
            return Living(home, home)
        for line in describe(outcome, home):
            say(f"{name}: {line}")
        patch = Git(copy).run(*PATCH, "--cached", "HEAD")
    except (UpdateRefusedError, GitError) as error:
        return Living(home, home, str(error).replace(str(copy), str(home)))
    return Living(home, copy, repository=repository, patch=patch)


def describe_conflicts(outcome: Outcome, home: Path) -> str:
    """Say which files cannot be updated by themselves, and what shows more of them."""
    paths = ", ".join(conflict.path for conflict in outcome.conflicts)
    return (
        f"The team and the template have changed the same in {paths}: "
        f"`./just template-update` in {home} shows both sides."
    )


def describe(outcome: Outcome, home: Path) -> Iterator[str]:
    """Yield what is new."""
    for question, answer in outcome.questions.items():
        yield f"the new question {question} is answered with {write(answer)}."
    yield f"goes from {outcome.before} to {outcome.after}; nothing is committed in {home}."
