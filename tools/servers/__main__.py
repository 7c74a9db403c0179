"""Find or start the servers: `python3 -m tools.servers [NAME...] [--env] [--stop]`."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from tools.servers.fleet import HOME, KINDS, NAMES, ensure, stop
from tools.servers.server import ServerError


def main() -> int:
    """Do what the command line says and return the exit code."""
    options = _parser().parse_args()
    home = Path(options.home).resolve()
    try:
        if options.stop:
            stop(home=home, report=_report)
            return 0
        urls = ensure(options.names or NAMES, home=home, report=_report)
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
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)} (all)")
    parser.add_argument("--env", action="store_true", help="print export lines for a shell")
    parser.add_argument("--stop", action="store_true", help="stop what was started here")
    parser.add_argument(
        "--home",
        default=os.environ.get("SERVERS_HOME") or str(HOME),
        help="where state and data live (build/servers, or SERVERS_HOME)",
    )
    return parser


def _report(line: str) -> None:
    # One write, because the lines of several threads must not mix.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
