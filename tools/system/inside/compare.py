"""Print which of the messages that some services give the others cannot take, as JSON."""

import json
import sys
from dataclasses import asdict

from app.utils.schema_fit import Fit


def main() -> None:
    """Read documents and pairs of schemas, and print the misfits of each pair."""
    question = json.load(sys.stdin)
    documents = question["documents"]
    misfits = []
    for pair in question["pairs"]:
        fit = Fit(
            given=documents[pair["giver"]], taken=documents[pair["taker"]], is_newer_given=False
        )
        misfits.append([asdict(each) for each in fit.find_misfits(pair["given"], pair["taken"])])
    print(json.dumps(misfits))


if __name__ == "__main__":
    main()
