"""Find or start the servers: `python3 -m tools.servers [NAME[=VERSION]...] [--env] [--stop]`."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from tools.servers.container import NEWEST
from tools.servers.fleet import ensure, stop
from tools.servers.programs import ServerError
from tools.servers.releases import OLDEST
from tools.servers.versions import (
    BUILD,
    KINDS,
    NAMES,
    STANDING,
    choose_home,
    list_words,
    read_versions,
)


def main() -> int:
    """Do what the command line says and return the exit code."""
    options = _parser().parse_args()
    words = [*list_words(), *options.versions]
    words += [name for name in options.names if "=" in name]
    home = Path(options.home).resolve() if options.home else choose_home(words)
    try:
        if options.stop:
            every = not (options.home or words or os.environ.get("SERVERS_HOME"))
            for each in sorted(BUILD.glob("servers*")) if every else [home]:
                stop(home=each, report=_report)
            return 0
        names = [name.partition("=")[0] for name in options.names] or NAMES
        urls = ensure(names, versions=read_versions(words), home=home, report=_report)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="servers", description="Servers for tests and samples.")
    choices = f"of {', '.join(NAMES)} (all), each with a version or {', '.join(STANDING)} if wanted"
    parser.add_argument("names", nargs="*", metavar="NAME[=VERSION]", help=choices)
    for version in (OLDEST, NEWEST):
        text = f"the {version} versions that can be had, in build/servers-{version}"
        parser.add_argument(
            f"--{version}",
            action="append_const",
            dest="versions",
            const=version,
            default=[],
            help=text,
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
