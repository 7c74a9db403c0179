"""Tokens that say who calls: JWTs, checked with the keys that their issuer publishes (JWKS)."""

import asyncio
import json
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
LEEWAY_SECONDS = 10


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
        self._keys = settings.jwks_url and jwt.PyJWKClient(
            settings.jwks_url, lifespan=KEYS_SECONDS, timeout=ISSUER_TIMEOUT_SECONDS
        )

    async def verify(self, token: str) -> Caller:
        """Return who the token says calls.

        Raises InvalidTokenError for a token that is not good, and UnavailableError when the
        issuer's keys cannot be had.
        """
        # In a thread: fetching the keys blocks.
        claims = await asyncio.to_thread(self._decode, token)
        scopes = claims.get("scope", "")
        return Caller(
            subject=claims["sub"],
            scopes=frozenset(scopes.split() if isinstance(scopes, str) else ()),
            claims=claims,
        )

    def _decode(self, token: str) -> dict[str, Any]:
        if not self._keys:
            raise InvalidTokenError("no issuer of tokens is known here: AUTH_JWKS_URL is not set")
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
            logger.warning("the issuer of tokens does not answer", error=str(error))
            raise UnavailableError("tokens cannot be checked now, try again later") from error
        except jwt.PyJWTError as error:
            raise InvalidTokenError("the token is not valid, or not any more") from error
