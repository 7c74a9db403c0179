"""Make a sample system, start it on real servers, and show what it does."""

import argparse
import signal
import sys

from tools.example import dev_talk, tasks
from tools.servers import ServerError
from tools.showing import ShowError
from tools.system import SystemRefusedError

EXAMPLES = {"tasks": tasks.show, "dev-talk": dev_talk.show}


def main() -> None:
    """Show an example; exit with one line when something fails."""
    parser = argparse.ArgumentParser(prog="just example", description=__doc__)
    parser.add_argument("name", choices=EXAMPLES)
    parser.add_argument("--broker", choices=("rabbitmq", "kafka"))
    parser.add_argument("--single", action="store_true", help="dev-talk: one process, no server")
    parser.add_argument("--once", action="store_true", help="exit instead of staying")
    options = parser.parse_args()
    given = {"broker": options.broker, "single": options.single or None}
    chosen = {name: value for name, value in given.items() if value is not None}
    # The services must not outlive their example, whoever ends it.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        EXAMPLES[options.name](once=options.once, **chosen)
    except (ServerError, ShowError, SystemRefusedError, OSError) as error:
        sys.exit(f"example: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
