"""All servers together: find each one, or start it in the best way this machine offers."""

import os
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.servers import container, debian, state
from tools.servers.certificates import make_certificates
from tools.servers.programs import ServerError
from tools.servers.server import Server, responds
from tools.servers.versions import (
    BUILD,
    KINDS,
    NAMES,
    Versions,
    choose_home,
    find_kind,
    find_version,
    list_words,
    read_versions,
)

HOME = choose_home(list_words())
RELEASES = BUILD / "releases"

Report = Callable[[str], None]


def _say_nothing(_line: str) -> None:
    """Keep the progress to ourselves."""


def ensure(
    names: Iterable[str] = NAMES,
    *,
    versions: Versions | None = None,
    home: Path = HOME,
    report: Report = _say_nothing,
) -> dict[str, str]:
    """Return the URL of every wanted server, started when there was none.

    Without versions the environment says which ones: see `tools.servers.versions`.
    """
    versions = read_versions(list_words()) if versions is None else versions
    wanted = [find_kind(name, versions.get(name, "")) for name in dict.fromkeys(names)]
    state.protect(home)
    with state.locked(home / "run.lock"):
        found = _find(wanted, home, versions)
        absent = [kind for kind in wanted if kind.name not in found]
        for server in _start(absent, versions, home=home, report=report):
            found[server.name] = server.url
    return found


def _check_version(server: Server, wanted: str) -> None:
    """Raise when another version runs here than the one that is wanted."""
    if wanted in (server.wanted, server.version):
        return
    runs = server.version or "the version of this machine"
    raise ServerError(
        f"{server.name}: {runs} runs here, not {wanted}: stop it with `./just servers-stop`,"
        " or choose another folder by --home"
    )


def find(names: Iterable[str] = NAMES, *, home: Path = HOME) -> dict[str, str]:
    """Return the URLs of those servers that answer already, and start none."""
    with state.locked(home / "run.lock"):
        return _find([find_kind(name) for name in dict.fromkeys(names)], home, {})


def _find(kinds: Iterable[type[Server]], home: Path, versions: Versions) -> dict[str, str]:
    """Return the URLs of the servers that the environment names or an earlier run started.

    The environment does not know versions: one that is wanted is looked for here only.
    """
    found = {}
    for kind in kinds:
        if kind.name in versions:
            if kind.name in state.read(home):
                _check_version(attach(kind.name, home=home), versions[kind.name])
                found[kind.name] = _running(kind, home)
        else:
            found[kind.name] = _given(kind) or _running(kind, home)
    return {name: url for name, url in found.items() if url}


def attach(name: str, *, home: Path = HOME) -> Server:
    """Return the handle of a server that `ensure` started, to stop, kill and start it again."""
    record = state.read(home).get(find_kind(name).name)
    if record is None:
        raise ServerError(f"{name}: it was not started here, so it cannot be controlled")
    server = find_kind(name, record.get("wanted", ""))(home)
    server.load(record)
    return server


def stop(*, home: Path = HOME, report: Report = _say_nothing) -> None:
    """Stop what earlier runs started, and nothing else."""
    with state.locked(home / "run.lock"):
        servers = [attach(name, home=home) for name in state.read(home) if name in KINDS]
        with ThreadPoolExecutor(max_workers=len(KINDS)) as pool:
            for server in pool.map(_remove, servers):
                report(f"{server.name}: stopped")


def _given(kind: type[Server]) -> str | None:
    """Return the URL that the environment gives, which has to answer then."""
    url = os.environ.get(kind.variable)
    if not url:
        return None
    if not responds(kind, url):
        # Not the whole URL, which may hold a password.
        place = url.rpartition("://")[2].rpartition("@")[2].partition("/")[0] or "no host"
        raise ServerError(
            f"{kind.name}: {kind.variable} names {place}, where no {kind.name} answers;"
            f" start it there or unset {kind.variable}"
        )
    return url


def _running(kind: type[Server], home: Path) -> str | None:
    """Return the URL of the server that an earlier run started, if it still answers."""
    if kind.name not in state.read(home):
        return None
    server = attach(kind.name, home=home)
    if server.alive() and server.ready():
        return server.url
    server.remove()
    return None


def _start(
    kinds: list[type[Server]], versions: Versions, *, home: Path, report: Report
) -> list[Server]:
    """Start servers side by side; when some fail, say so in one line each."""
    if not kinds:
        return []
    make_certificates(home)
    in_docker = _images(kinds, versions, report=report)
    _install([kind for kind in kinds if kind not in in_docker], versions, home, report)
    servers = [kind(home, in_docker=kind in in_docker) for kind in kinds]
    for server in servers:
        if server.name in versions:
            _take_version(server, versions[server.name], report)
    with ThreadPoolExecutor(max_workers=len(servers)) as pool:
        failures = [line for line in pool.map(lambda each: _try(each, report), servers) if line]
    if failures:
        raise ServerError("\n".join(failures))
    return servers


def _images(kinds: list[type[Server]], versions: Versions, *, report: Report) -> set[type[Server]]:
    """Return the servers that can run in Docker, their images pulled."""
    if not container.engine_answers():
        return set()
    images = {kind: kind.choose_image(find_version(versions.get(kind.name, ""))) for kind in kinds}
    report(f"docker: fetching {', '.join(image.name for image in images.values())}")
    with ThreadPoolExecutor(max_workers=len(kinds)) as pool:
        have = pool.map(container.has_image, images.values())
        usable = {kind for kind, here in zip(kinds, have, strict=True) if here}
    for kind in kinds:
        if kind not in usable:
            report(f"{kind.name}: the image {images[kind].name} cannot be pulled, using packages")
    return usable


def _take_version(server: Server, wanted: str, report: Report) -> None:
    """Make the programs of another version ready."""
    began = time.monotonic()
    server.wanted = wanted
    if server.in_docker:
        server.version = find_version(wanted)
        return
    report(f"{server.name}: unpacking {wanted} ...")
    server.take_version(find_version(wanted), RELEASES)
    report(f"{server.name}: {server.version} is there after {time.monotonic() - began:.0f} s")


def _install(kinds: list[type[Server]], versions: Versions, home: Path, report: Report) -> None:
    """Install the packages that are missing, all at once."""
    lacking = {kind: lacks for kind in kinds if (lacks := kind.lacks(versions.get(kind.name, "")))}
    if not lacking:
        return
    names = ", ".join(kind.name for kind in lacking)
    if not debian.can_install():
        variables = ", ".join(kind.variable for kind in lacking)
        raise ServerError(
            f"{names}: not found; set {variables}, start Docker, or run as root on Debian"
        )
    packages = sorted({package for group in lacking.values() for package in group})
    report(f"packages: installing {' '.join(packages)} ...")
    began = time.monotonic()
    log = home / "apt.log"
    if not debian.install(packages, log=log):
        raise ServerError(f"{names}: the packages could not be installed, see {log}")
    report(f"packages: installed in {time.monotonic() - began:.0f} s")


def _try(server: Server, report: Report) -> str:
    """Start one server and return what went wrong, empty when nothing did."""
    began = time.monotonic()
    report(f"{server.name}: starting ...")
    try:
        server.prepare()
        server.start()
        server.set_up()
    except (ServerError, OSError, subprocess.SubprocessError) as error:
        server.remove()
        message = str(error)
        return message if isinstance(error, ServerError) else f"{server.name}: {message}"
    report(f"{server.name}: ready in {time.monotonic() - began:.0f} s")
    return ""


def _remove(server: Server) -> Server:
    server.remove()
    return server
