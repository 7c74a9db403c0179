"""Tokens that were checked lately: a signature costs more than everything else here."""

from collections import OrderedDict
from dataclasses import dataclass
from time import time

MOST = 10_000
# Keys that are withdrawn count no longer than this.
KNOWN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class KnownToken:
    """What a good token says."""

    user_id: str
    session_id: str
    ends: float


class KnownTokens:
    """Remember good tokens for a minute, or until they expire."""

    def __init__(self) -> None:
        """Know none yet."""
        self._known: OrderedDict[str, KnownToken] = OrderedDict()

    def find(self, token: str) -> KnownToken | None:
        """Return what is known of a token."""
        known = self._known.get(token)
        if known is None or known.ends <= time():
            return None
        return known

    def add(self, token: str, user_id: str, session_id: str, expires: float) -> KnownToken:
        """Remember a token that has been checked."""
        known = KnownToken(user_id, session_id, min(expires, time() + KNOWN_SECONDS))
        self._known[token] = known
        self._known.move_to_end(token)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return known
