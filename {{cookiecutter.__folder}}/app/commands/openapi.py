"""Write the OpenAPI document, or check that the written one is up to date."""

import argparse
import json
import sys
from pathlib import Path

from app.main import app

DOCUMENT = Path("openapi.json")


def main() -> None:
    """Write openapi.json; with --check, exit with one line when it differs."""
    parser = argparse.ArgumentParser(prog="just openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when it differs")
    options = parser.parse_args()
    text = json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"
    if not options.check:
        DOCUMENT.write_text(text, encoding="utf-8")
        print(f"wrote {DOCUMENT}")
    elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text:
        sys.exit(f"{DOCUMENT} is not up to date: run `just openapi` and commit it")


if __name__ == "__main__":
    main()
