"""Fetch the template that this service was made of, and let it update or compare the service."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

STATE = Path(".cruft.json")
ENGINE = "tools/updates"


def refuse(sentence: str) -> NoReturn:
    """Exit with one line."""
    sys.exit(f"template: {sentence}")


def read_arguments() -> argparse.Namespace:
    """Read what this file needs itself; the template reads the rest."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("command", choices=("update", "diff", "check"))
    parser.add_argument("--template")
    parser.add_argument("--link")
    parser.add_argument("--version")
    return parser.parse_known_args()[0]


def find(program: str) -> str:
    """Return the path of a program; exit with one line when there is none."""
    path = shutil.which(program)
    if path is None:
        refuse(f"{program} was not found: start this with ./just, and install git.")
    return path


def read_state() -> dict[str, str]:
    """Return what the service was made of; exit with one line when that cannot be told."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
        return {"template": state["template"], "commit": state["commit"]}
    except FileNotFoundError:
        refuse(
            f"{STATE}, which says what the service was made of, is not there: "
            "`./just template-update --link TEMPLATE` writes it again; TEMPLATE is its address."
        )
    except (ValueError, KeyError, TypeError):
        refuse(f"{STATE} is damaged: take it from git again (git checkout HEAD -- {STATE}).")


def locate(address: str) -> str:
    """Return where the recorded template is: `cruft create PATH` was typed beside the service.

    As git reads it: `host:path` is another machine, `./a:b` is not.
    """
    if "://" in address or ":" in address.partition("/")[0] or Path(address).is_absolute():
        return address
    path = Path.cwd().parent / address
    if not path.is_dir():
        refuse(
            f"{STATE} says that the template is at {address}, seen from where the service was "
            f"made, and it is not at {path.resolve()}: --template ADDRESS."
        )
    return str(path.resolve())


def clone(address: str, version: str | None, folder: Path) -> None:
    """Clone the template; exit with one line when that fails."""
    git = find("git")
    command = [git, "clone", "--quiet", address, str(folder)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        refuse(
            f"the template at {address} cannot be cloned ({said}). Is there a network? "
            "If it has moved: --template ADDRESS."
        )
    if version is not None:
        for name in (version, f"v{version}"):
            checkout = [git, "-C", str(folder), "checkout", "--quiet", "--detach", name, "--"]
            if subprocess.run(checkout, capture_output=True, check=False).returncode == 0:
                return
        refuse(f"the template at {address} has no version {version}.")


def hand_over(template: Path, *more: str) -> int:
    """Let the template do it, with its own libraries, and return its exit status."""
    if not (template / ENGINE).is_dir():
        refuse("that version of the template knows no updates: choose a newer one.")
    command = [find("uv"), "run", "--quiet", "--no-project", "--no-config", "--no-env-file"]
    command += ["--with-requirements", str(template / ENGINE / "requirements.txt")]
    command += ["python", "-m", "tools.updates", sys.argv[1], str(Path.cwd()), *sys.argv[2:], *more]
    # Ctrl-C reaches it too, and it has to put things in order first.
    signal.signal(signal.SIGINT, lambda *_: None)
    engine = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(template)})
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: engine.send_signal(number))
    return engine.wait()


def main() -> int:
    """Clone the template into a temporary folder and start what it has for the command."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        os.environ.pop(name, None)  # a hook of git sets them
    options = read_arguments()
    address = options.link or options.template
    more: tuple[str, ...] = ()
    if address is None:
        recorded = read_state()["template"]
        address = locate(recorded)
        # What an update remembers does not depend on a folder.
        if address != recorded:
            more = ("--template", address)
    with tempfile.TemporaryDirectory(prefix="template-", ignore_cleanup_errors=True) as home:
        template = Path(home, "template")
        clone(address, options.version, template)
        return hand_over(template, *more)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
