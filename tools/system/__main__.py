"""Make a system of services from its file; run it again after a change."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.system import NotUpdatedError, SystemRefusedError, build
from tools.system.building import BUILD


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the system that the command line names."""
    parser = argparse.ArgumentParser(prog="./just system", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="docs/systems.md tells its form")
    parser.add_argument("--output-dir", type=Path, default=BUILD, help="where its folder goes")
    parser.add_argument(
        "--no-check", action="store_true", help="update services of a team's own unchecked"
    )
    options = parser.parse_args(arguments)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        folder = build(options.file, options.output_dir, check=not options.no_check)
    except NotUpdatedError as refusal:
        print(f"\n{refusal}", file=sys.stderr)
        return 1
    except SystemRefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The system could not be written: {error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped: what was there is as it was.", file=sys.stderr)
        return 130
    print(f"\n{folder} is ready. Start it: cd {folder} && docker compose up --build --wait")
    return 0


if __name__ == "__main__":
    sys.exit(main())
