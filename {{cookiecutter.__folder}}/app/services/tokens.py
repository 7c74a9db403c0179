"""Tokens that say who calls: JWTs, checked with the keys that their issuer publishes (JWKS)."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from app.core.errors import UnavailableError
from app.core.http_config import AuthSettings
from app.utils.logger import Logger

logger = Logger(__name__)

# Signed with a private key that only the issuer has; never "none", never a shared secret.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
KEYS_SECONDS = 600
ISSUER_TIMEOUT_SECONDS = 3
PAUSE_SECONDS = 5
LEEWAY_SECONDS = 10
NO_KEYS = "tokens cannot be checked now, try again later"


class InvalidTokenError(RuntimeError):
    """The token is not good; the message says why, as far as its bearer may know."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls, by a token that was checked."""

    subject: str
    scopes: frozenset[str]
    claims: Mapping[str, Any]


class TokenVerifier:
    """Check tokens with the keys of their issuer, fetched at the first one and kept for a while."""

    def __init__(self, settings: AuthSettings) -> None:
        """Take tokens of this issuer, for this audience."""
        self._settings = settings
        self._turn = asyncio.Lock()
        self._asked_again_at = 0.0
        self._keys: jwt.PyJWKClient | None = None
        if settings.jwks_url is not None:
            self._keys = jwt.PyJWKClient(
                settings.jwks_url, lifespan=KEYS_SECONDS, timeout=ISSUER_TIMEOUT_SECONDS
            )

    @property
    def has_issuer(self) -> bool:
        """Tell whether tokens can be checked at all."""
        return self._keys is not None

    async def verify(self, token: str) -> Caller:
        """Return who the token says calls.

        Raises InvalidTokenError for a token that is not good, and UnavailableError when the
        issuer's keys cannot be had.
        """
        # In a thread, because fetching the keys blocks; one at a time, because all that come
        # while an issuer hangs would each wait for it in a thread of their own.
        async with self._turn:
            if time.monotonic() < self._asked_again_at:
                raise UnavailableError(NO_KEYS)
            claims = await asyncio.to_thread(self._decode, token)
        scopes = claims.get("scope", "")
        return Caller(
            subject=claims["sub"],
            scopes=frozenset(scopes.split() if isinstance(scopes, str) else ()),
            claims=claims,
        )

    def _decode(self, token: str) -> dict[str, Any]:
        if self._keys is None:
            raise InvalidTokenError("no issuer of tokens is known here")
        try:
            return jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token),
                algorithms=ALGORITHMS,
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=LEEWAY_SECONDS,
                options={
                    "require": ["exp", "sub"],
                    "verify_aud": self._settings.audience is not None,
                },
            )
        except (jwt.PyJWKClientConnectionError, json.JSONDecodeError) as error:
            self._asked_again_at = time.monotonic() + PAUSE_SECONDS
            logger.warning("the issuer of tokens does not answer", error=str(error))
            raise UnavailableError(NO_KEYS) from error
        except jwt.PyJWTError as error:
            raise InvalidTokenError("the token is not valid, or not any more") from error
