"""The words of a text, and how often each is there."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
# A result is read in lists: nobody needs more of a word than this.
LONGEST = 50


def count_words(report: Callable[[float], None], *, text: str, most: int) -> dict[str, Any]:
    """Return how many words there are, and the most frequent ones."""
    counts = Counter(word[:LONGEST] for word in WORD.findall(text.casefold()))
    report(1.0)
    frequent = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most]
    return {"words": counts.total(), "different": len(counts), "most": frequent}
