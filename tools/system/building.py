"""Make a system of its file: every service, what they share, and nothing half done."""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.new import TEMPLATE
from tools.origin import NoOriginError, find_origin
from tools.servers.state import locked
from tools.system import (
    compose,
    databases,
    living,
    messages,
    passwords,
    placing,
    record,
    rendering,
)
from tools.system.checks import check as check_system
from tools.system.checks import read
from tools.system.environments import lock, prepare
from tools.system.errors import NotUpdatedError
from tools.system.file import Service, System
from tools.system.observability import write_observability
from tools.system.programs import run

BUILD = TEMPLATE / "build"
Say = Callable[[str], None]


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def build(file: Path, output_dir: Path = BUILD, say: Say = say, *, check: bool = True) -> Path:
    """Make the system below a folder and return its own; raises SystemRefusedError.

    A NotUpdatedError comes last: only services with a repository of their own are as they were.
    """
    system = read(file)
    target = output_dir / system.name
    names = [service.name for service in system.services]
    output_dir.mkdir(parents=True, exist_ok=True)
    with locked(output_dir / f".{system.name}.lock"):
        teams = living.Teams(target)
        before = record.check_untouched(target, names, teams.names)
        report_origin(system, teams.names, say)
        with make_draft(output_dir.absolute(), system.name) as room:
            system = teams.prepare(system, room, say, check=check)
            check_system(system, file)
            draft = room / "system"
            text = make(system, file.parent, draft, teams, say)
            say(f"{system.name}: writing {target} ...")
            placing.place(draft, target, teams.names)
            left = teams.place(room)
        told = [str(value) for each in system.services for value in each.environment.values()]
        empty = passwords.add_missing(target / ".env", text, told)
        for name in empty:
            say(
                f"{system.name}: write {name} into {target / '.env'}: the system file refers to it."
            )
        report_removed(target, placing.list_removed(before, names), say)
        for name in sorted(set(teams.names) - set(names)):
            say(f"{name}: is in the file no more; {target / name}, a repository, stays as it is.")
    if left:
        lines = (f"{name} stays as it was: {refusal}" for name, refusal in left.items())
        raise NotUpdatedError("\n".join([f"{target} is made, but not all is new there:", *lines]))
    return target


def report_origin(system: System, owned: Collection[str], say: Say) -> None:
    """Say it where the services that are made could not be updated later."""
    try:
        find_origin(TEMPLATE)
    except NoOriginError as reason:
        if any(service.name not in owned for service in system.services):
            say(f"{system.name}: what is rendered cannot be updated later: {reason}.")


def make(system: System, home: Path, draft: Path, teams: living.Teams, say: Say) -> str:
    """Fill the draft with all that belongs to a system, and return its compose file."""
    draft.mkdir()
    descriptions = {}
    for service in system.services:
        described = make_service(service, home, draft, teams, say)
        if described is not None:
            descriptions[service.name] = described
    say(f"{system.name}: comparing messages ...")
    messages.check(descriptions, draft)
    return write_shared(system, draft)


@contextmanager
def make_draft(output_dir: Path, name: str) -> Iterator[Path]:
    """Make a folder for what is not complete yet, and delete it in the end."""
    for left in output_dir.glob(f".{name}.draft-*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{name}.draft-", dir=output_dir))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def make_service(
    service: Service, home: Path, draft: Path, teams: living.Teams, say: Say
) -> messages.Description | None:
    """Put a service into the draft; return its messages, if it has a broker."""
    own = teams.living.get(service.name)
    if own is None:
        rendered = render(service, home, draft, say)
    else:
        rendered = draft / service.name
        rendered.symlink_to(own.shown.absolute())
    laid = bool(service.overlays) and own is None
    if not laid and not service.has("broker"):
        return None
    say(f"{service.name}: installing what it needs, unless that is there ...")
    if laid:
        lock(rendered)
    python = prepare(rendered)
    if laid:
        describe_settings(rendered, python)
    if not service.has("broker"):
        return None
    say(f"{service.name}: reading its messages ...")
    return messages.describe(rendered, python)


def render(service: Service, home: Path, draft: Path, say: Say) -> Path:
    """Render a service with its team's files, and return its folder."""
    say(f"{service.name}: rendering ...")
    rendered = rendering.render(service, draft)
    if service.overlays:
        say(f"{service.name}: laying {', '.join(service.overlays)} over it ...")
        rendering.clear_starter(rendered)
        rendering.lay_overlays(rendered, [home / overlay for overlay in service.overlays])
    return rendered


def describe_settings(rendered: Path, python: Path) -> None:
    """Write the .env.example that tells the team's settings too."""
    failure = f"{rendered.name} does not tell its settings; correct its overlays"
    command = [python, "-m", "app.commands.settings", "--example"]
    run(failure, command, cwd=rendered)


def write_shared(system: System, draft: Path) -> str:
    """Write what the services share, and return the text of the compose file."""
    text = compose.write(compose.compose(system, draft))
    (draft / "docker-compose.yml").write_text(text, encoding="utf-8")
    for server, creator in databases.CREATORS.items():
        if creator.list_services(system):
            path = draft / databases.FOLDER / f"{server}.sh"
            path.parent.mkdir(exist_ok=True)
            path.write_text(creator.write_script(system), encoding="utf-8")
    write_observability(system, draft)
    return text


def report_removed(target: Path, names: list[str], say: Say) -> None:
    """Say what has become of services that are in the file no more."""
    for name in names:
        folder = target / name
        if not folder.exists():
            say(f"{name}: removed, for it is in the file no more.")
            continue
        left = ", ".join(sorted(each.name for each in folder.iterdir()))
        say(f"{name}: removed, for it is in the file no more; {folder} still holds {left}.")
