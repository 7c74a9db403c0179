"""Servers of other versions: packages of Debian's releases, unpacked in folders of their own.

Nothing of them is installed: a program runs in the folder as its root (`chroot`), in a mount
namespace of its own, and leaves neither mounts nor files on the machine when it ends.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.servers import debian
from tools.servers.container import NEWEST
from tools.servers.programs import ServerError
from tools.servers.state import locked

# From the oldest to the newest; what an older one has is found there first.
SUITES = ("bookworm", "trixie", "testing", "unstable")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
HOOKS = Path("/usr/share/mmdebstrap/hooks/merged-usr")
TOOL = "mmdebstrap"
LOG = "log"
OLDEST = "oldest"
# What start scripts of servers call, without being depended on: Debian always has it.
ESSENTIAL = (
    "base-files",
    "coreutils",
    "dash",
    "findutils",
    "gawk",
    "grep",
    "hostname",
    "libc-bin",
    "sed",
)
# A mirror that lags behind will do: what it has is signed all the same.
ANY_AGE = 'Acquire::Check-Valid-Until "false";'
# Lists of packages older than this are fetched again.
FRESH_SECONDS = 86_400
# In a root nobody has a name until somebody is given one; the number is `nobody`'s.
NOBODY = 65_534
ACCOUNTS = f"root:x:0:0:root:/:/bin/sh\nservice:x:{NOBODY}:{NOBODY}:service:/:/bin/sh\n"
GROUPS = f"root:x:0:\nservice:x:{NOBODY}:\n"
HOSTS = "127.0.0.1 localhost\n"
# The shell becomes the server: the process that was started is the one that is stopped.
ENTER = """\
root=$1 user=$2; shift 2
export LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
while [ "$1" != -- ]; do mount --bind "$1" "$root$1"; shift; done; shift
mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && exec \
chroot --userspec="$user" "$root" "$@"
"""


@dataclass(frozen=True)
class Release:
    """A version of a package, and the release of Debian that has it."""

    package: str
    version: str
    suite: str

    @property
    def number(self) -> tuple[int, ...]:
        """Return the version as numbers, to compare."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version))

    def matches(self, wanted: str) -> bool:
        """Tell whether this is the version, or one of the series, that is wanted."""
        return f"{self.version}.".startswith(f"{wanted}.")


def read_version(text: str) -> str:
    """Return the version of a program from that of its package: without epoch and revision."""
    match = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", text)
    return match[1] if match else text


def choose_release(package: str, wanted: str, folder: Path) -> Release:
    """Return the version of a series, or the oldest or newest, that Debian has.

    Raises ServerError, one sentence, when it has none.
    """
    found = list_releases(package, folder)
    if found and wanted == OLDEST:
        return found[0]
    matching = [each for each in found if wanted == NEWEST or each.matches(wanted)]
    if not matching:
        versions = ", ".join(dict.fromkeys(each.version for each in found)) or "none at all"
        raise ServerError(f"{package}: Debian has no {wanted}, only {versions}")
    newest = matching[-1].number
    return next(each for each in matching if each.number == newest)


def list_releases(package: str, folder: Path) -> list[Release]:
    """Return the versions of a package in all releases, the oldest first."""
    options = _refresh_lists(folder)
    command = ["apt-cache", *options, "madison", package]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = []
    for line in done.stdout.splitlines():
        _package, version, source = (part.strip() for part in line.split("|"))
        suite = source.split()[1].partition("/")[0]
        found.append(Release(package, read_version(version), suite))
    found.sort(key=lambda each: (each.number, SUITES.index(each.suite)))
    return found


def unpack(release: Release, folder: Path) -> Path:
    """Return a folder with a package and all that it depends on, unpacked once."""
    log = folder / LOG
    root = folder / f"{release.package}-{release.version}"
    with locked(folder / f"{root.name}.lock"):
        if root.is_dir():
            return root
        _require_tool(log)
        _require_namespaces()
        draft = folder / f"{root.name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        wanted = ",".join((*ESSENTIAL, release.package))
        command = [TOOL, "--mode=root", "--variant=extract", f"--include={wanted}"]
        command += [f"--hook-dir={HOOKS}", f"--keyring={KEYRING}", f"--aptopt={ANY_AGE}"]
        command += [release.suite, str(draft)]
        with log.open("a") as file:
            done = subprocess.run(command, stdout=file, stderr=file, check=False)
        if done.returncode != 0:
            raise ServerError(f"{release.package} {release.version} cannot be unpacked, see {log}")
        _settle(draft)
        draft.rename(root)
    return root


def enter(
    root: Path, command: Sequence[str], *, places: Iterable[Path], account: int = 0
) -> list[str]:
    """Return the command that runs another one in a root, where it sees these folders too.

    It becomes that process: no pid is between it and who starts it.
    """
    bound = [str(place.resolve()) for place in places]
    for place in bound:
        (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
    shell = ["unshare", "--mount", "sh", "-eu", "-c", ENTER, "enter"]
    shell += [str(root), f"{account}:{account}"]
    return [*shell, *bound, "--", *command]


def _settle(root: Path) -> None:
    """Write the few files that the packages' own scripts would have made."""
    etc = root / "etc"
    for name, text in (("passwd", ACCOUNTS), ("group", GROUPS), ("hosts", HOSTS)):
        (etc / name).write_text(text)
    for name in ("dev", "proc", "tmp"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    # Alternatives are made when packages are configured, which these are not.
    awk = root / "usr/bin/awk"
    if not awk.exists():
        awk.symlink_to("gawk")
    subprocess.run(["ldconfig", "-r", str(root)], check=False, capture_output=True)


def _require_tool(log: Path) -> None:
    if shutil.which(TOOL) is not None:
        return
    if not debian.can_install() or not debian.install([TOOL], log=log):
        raise ServerError(f"other versions are unpacked by {TOOL}: install it, or run as root")


def _require_namespaces() -> None:
    """Raise before anything is fetched that could not be entered."""
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        raise ServerError(
            "other versions run in mount namespaces, which this machine does not give us:"
            " run as root, in a container that is privileged"
        )


def _refresh_lists(folder: Path) -> list[str]:
    """Return the options of apt for the lists of all releases, which are beside the machine's."""
    log = folder / LOG
    lists, cache, sources = folder / "lists", folder / "cache", folder / "releases.list"
    options = ["-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"]
    options += ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={cache}"]
    done = folder / "lists.complete"
    with locked(folder / "lists.lock"):
        if done.exists() and time.time() - done.stat().st_mtime < FRESH_SECONDS:
            return options
        for place in (lists / "partial", cache):
            place.mkdir(parents=True, exist_ok=True)
        archive = _find_archive()
        entries = (f"deb [signed-by={KEYRING}] {archive} {suite} main\n" for suite in SUITES)
        sources.write_text("".join(entries))
        quiet = ["-oAcquire::Check-Valid-Until=false", "-oAcquire::Languages=none"]
        with log.open("a") as file:
            command = ["apt-get", "update", "--quiet", *options, *quiet]
            code = subprocess.run(command, stdout=file, stderr=file, check=False).returncode
        if code != 0:
            raise ServerError(f"the lists of Debian's releases cannot be fetched, see {log}")
        done.touch()
    return options


def _find_archive() -> str:
    """Return where this machine has Debian from."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        lines = []
    for line in lines:
        if line.rstrip("/").endswith("/debian"):
            return line
    raise ServerError("other versions come from Debian's packages: this machine has no Debian")
