"""The keys that an issuer of tokens publishes (JWKS), which are kept on while it is away."""

import asyncio
import time

import jwt

from app.core.errors import UnavailableError
from app.utils.logger import Logger

logger = Logger(__name__)

# Fetched again when they are older than this.
FRESH_SECONDS = 600
# While the issuer does not answer they serve on, until they are this old: a key that it has
# withdrawn meanwhile must not count for ever.
STALE_SECONDS = 3600
ISSUER_TIMEOUT_SECONDS = 3
# How long nobody asks again, after keys and after none: anybody can send a token with a new `kid`.
PAUSE_SECONDS = 30
FAILURE_PAUSE_SECONDS = 5
NO_KEYS = "tokens cannot be checked now, try again later"


class IssuerKeys:
    """Find the key that a token names; however many ask at once, the keys are fetched once."""

    def __init__(self, url: str) -> None:
        """Fetch from this address, at the first token."""
        self._client = jwt.PyJWKClient(url, timeout=ISSUER_TIMEOUT_SECONDS)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = 0.0
        self._asked_again_at = 0.0
        self._answers = True
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key of that name, or None when the issuer has none.

        Raises UnavailableError when only the issuer could tell, and it does not answer.
        """
        key = self._find_kept(kid)
        is_fresh = time.monotonic() - self._fetched_at < FRESH_SECONDS
        if key and (is_fresh or self._may_not_ask()):
            return key
        if not self._may_not_ask():
            fetching = self._begin_to_fetch()
            # An issuer that was silent before holds up no token whose key is known.
            if key and not self._answers:
                return key
            await asyncio.shield(fetching)
            key = self._find_kept(kid)
        if key is None and not self._answers:
            raise UnavailableError(NO_KEYS)
        return key

    def _find_kept(self, kid: str) -> jwt.PyJWK | None:
        if time.monotonic() - self._fetched_at >= STALE_SECONDS:
            self._keys = {}
        return self._keys.get(kid)

    def _may_not_ask(self) -> bool:
        return self._fetching is None and time.monotonic() < self._asked_again_at

    def _begin_to_fetch(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            # Its own limit is for each part of the answer, not for all of it.
            async with asyncio.timeout(2 * ISSUER_TIMEOUT_SECONDS):
                keys = await asyncio.to_thread(self._client.get_signing_keys, refresh=True)
        except Exception as error:  # noqa: BLE001 - whatever it answers, it is not the caller's fault
            if self._answers:
                reason = f"{type(error).__name__}: {error}"
                logger.warning("the issuer of tokens does not answer with keys", error=reason)
            self._answers = False
        else:
            if not self._answers:
                logger.info("the issuer of tokens answers again")
            self._answers = True
            self._keys = {key.key_id: key for key in keys if key.key_id}
            self._fetched_at = time.monotonic()
        finally:
            pause = PAUSE_SECONDS if self._answers else FAILURE_PAUSE_SECONDS
            self._asked_again_at = time.monotonic() + pause
            self._fetching = None
