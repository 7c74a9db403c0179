"""Write the AsyncAPI document, unless that would break what others rely on."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app.core.config import load_core_settings
from app.core.errors import StartupError
from app.messages import describe_messages
from app.services.compatibility import find_breaks

DOCUMENT = Path("asyncapi.json")


def main() -> None:
    """Write asyncapi.json; exit with a line for each break of what it says so far."""
    parser = argparse.ArgumentParser(prog="just asyncapi", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="write nothing; fail when it differs")
    choice.add_argument("--accept-breaks", action="store_true", help="write it all the same")
    options = parser.parse_args()
    document, written = describe(), read_written()
    try:
        breaks = [] if written is None else find_breaks(written, document)
    except (LookupError, TypeError):
        sys.exit(f"{DOCUMENT}: it is no document of this command: take it from git again")
    if breaks and not options.accept_breaks:
        way_out = "if it hurts nobody: `just asyncapi --accept-breaks`"
        sys.exit("\n".join([*breaks, f"{DOCUMENT} promises otherwise; {way_out}"]))
    if not options.check:
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        DOCUMENT.write_text(text, encoding="utf-8")
        print(f"wrote {DOCUMENT}")
    elif written is None:
        print(f"no {DOCUMENT}, so nothing is promised yet: `just asyncapi` writes it, commit it")
    elif written != document:
        sys.exit(f"{DOCUMENT} is not up to date: run `just asyncapi` and commit it")


def describe() -> dict[str, Any]:
    """Return the document as the code has it; exit with one line when there is none."""
    try:
        return describe_messages(load_core_settings())
    except (StartupError, ValueError) as error:
        sys.exit(str(error))


def read_written() -> Any:
    """Return the document that was written before; exit with one line when it is damaged."""
    if not DOCUMENT.exists():
        return None
    try:
        return json.loads(DOCUMENT.read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(f"{DOCUMENT}: it is not JSON ({error}): take it from git again")


if __name__ == "__main__":
    main()
