"""Log as the rendered service does: `service_logs.py ACTION URL NAME SKIPPED COUNTED RESULT`."""

import gc
import json
import logging
import resource
import sys
import time
from pathlib import Path

from logging_loki import LokiHandler

from app.core.config import load_core_settings
from app.core.log_context import log_context
from app.core.logger_config import configure_logging
from app.core.tracing import follow_trace
from app.services.measuring import count_lost_lines
from app.utils.logger import Logger

# So many at once, then a pause in which the thread that sends can keep up.
BURST = 1_000
PAUSE_SECONDS = 0.05


def log(count: int) -> None:
    """Log so many lines, each different, as those of requests are."""
    logger = Logger("app.access")
    for number in range(count):
        if number % BURST == BURST - 1:
            time.sleep(PAUSE_SECONDS)
        context = log_context.set({"request_id": f"{number * 7919 % 1000003:032x}"})
        with follow_trace(None):
            logger.info(
                "request answered",
                method="GET",
                path=f"/v1/items/{number * 104729 % 1000003}",
                status=200,
                milliseconds=number % 97 / 10,
            )
        log_context.reset(context)


def read_cpu() -> float:
    """Return the seconds of CPU that this process has used, user and system, of all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Log, wait until everything has left the process, and write what a line took."""
    action, url, _, skipped, counted, result = sys.argv[1:]
    configure_logging(load_core_settings())
    root = logging.getLogger()
    if action == "library":
        handler = LokiHandler(f"{url}/loki/api/v1/push", {"service": "benchmark"}, version="1")
        handler.setFormatter(root.handlers[0].formatter)
        root.addHandler(handler)
        # It would send what it logs itself, without end.
        logging.getLogger("urllib3").setLevel(logging.WARNING)
    log(int(skipped))
    gc.collect()
    before = read_cpu()
    log(int(counted))
    logging.shutdown()
    cpu = (read_cpu() - before) / int(counted)
    if lost := count_lost_lines():
        sys.exit(f"lines were lost: {lost}")
    Path(result).write_text(json.dumps({"cpu": cpu}), encoding="utf-8")


if __name__ == "__main__":
    main()
