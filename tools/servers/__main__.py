"""Find or start the servers: `python3 -m tools.servers [NAME[=VERSION]...] [--env] [--stop]`."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.servers.container import NEWEST
from tools.servers.fleet import HOME, KINDS, NAMES, STANDING, ensure, stop
from tools.servers.releases import OLDEST
from tools.servers.server import ServerError


def main() -> int:
    """Do what the command line says and return the exit code."""
    options = _parser().parse_args()
    names, versions = _read_names(options.names or NAMES, options.version)
    suffix = f"-{options.version}" if options.version else ""
    home = Path(options.home or f"{HOME}{suffix}").resolve()
    try:
        if options.stop:
            stop(home=home, report=_report)
            return 0
        urls = ensure(names, versions=versions, home=home, report=_report)
    except (ServerError, OSError) as error:
        _report(str(error))
        return 1
    except KeyboardInterrupt:
        _report("interrupted; stop what has started with: ./just servers-stop")
        return 130
    for name, url in urls.items():
        line = f"export {KINDS[name].variable}={shlex.quote(url)}" if options.env else url
        print(line if options.env else f"{name:<12}{url}")
    return 0


def _read_names(names: Sequence[str], version: str | None) -> tuple[list[str], dict[str, str]]:
    """Return the servers that are named, and the versions of those that have one."""
    chosen = {name: wanted for name, _sign, wanted in (each.partition("=") for each in names)}
    return list(chosen), {
        name: wanted or version or "" for name, wanted in chosen.items() if wanted or version
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="servers", description="Servers for tests and samples.")
    choices = f"of {', '.join(KINDS)} (all but {' and '.join(STANDING)})"
    parser.add_argument("names", nargs="*", metavar="NAME[=VERSION]", help=choices)
    for version in (OLDEST, NEWEST):
        text = f"the {version} versions that can be had, in build/servers-{version}"
        parser.add_argument(
            f"--{version}", action="store_const", dest="version", const=version, help=text
        )
    parser.add_argument("--env", action="store_true", help="print export lines for a shell")
    parser.add_argument("--stop", action="store_true", help="stop what was started here")
    parser.add_argument(
        "--home",
        help="where state and data live (build/servers, or SERVERS_HOME)",
    )
    return parser


def _report(line: str) -> None:
    # One write, because the lines of several threads must not mix.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
