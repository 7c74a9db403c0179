"""Who calls: bearer tokens (RFC 6750) that are JWTs, checked with their issuer's keys (JWKS)."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from app.core.errors import UnavailableError
from app.core.http_config import AuthSettings
from app.utils.logger import Logger

logger = Logger(__name__)

# Signed with a private key that only the issuer has; never "none", never a shared secret.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
KEYS_SECONDS = 600
ISSUER_TIMEOUT_SECONDS = 3
LEEWAY_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls, by a token that was checked."""

    subject: str
    scopes: frozenset[str]
    claims: Mapping[str, Any]


class TokenVerifier:
    """Check tokens with the keys that their issuer publishes."""

    def __init__(self, settings: AuthSettings) -> None:
        """Prepare to fetch the keys; the first token does."""
        self._settings = settings
        self._keys = settings.jwks_url and jwt.PyJWKClient(
            settings.jwks_url, lifespan=KEYS_SECONDS, timeout=ISSUER_TIMEOUT_SECONDS
        )

    async def verify(self, token: str) -> Caller:
        """Return who the token says calls.

        Raises HTTPException (401) for a token that is not good, and UnavailableError when the
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
            raise refuse("no issuer of tokens is known here: AUTH_JWKS_URL is not set")
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
            raise refuse("the token is not valid, or not any more") from error


def refuse(detail: str) -> HTTPException:
    """Return the answer to a token that is not good."""
    return HTTPException(401, detail, {"www-authenticate": 'Bearer error="invalid_token"'})


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


async def identify(request: Request, credentials: Credentials) -> Caller:
    """Return who calls; 401 without a good token."""
    if credentials is None:
        raise HTTPException(401, "this needs a bearer token", {"www-authenticate": "Bearer"})
    verifier: TokenVerifier = request.state.opened[TokenVerifier]
    caller = await verifier.verify(credentials.credentials)
    request.state.caller = caller
    return caller


CurrentCaller = Annotated[Caller, Depends(identify)]
"""Who calls, for routes that need to know: nobody gets further without a good token."""


def require_scope(scope: str) -> Any:
    """Return a dependency on a caller whose token has the scope; 403 otherwise."""

    async def check(caller: CurrentCaller) -> Caller:
        if scope not in caller.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
            detail = f"this needs a token with the scope {scope}"
            raise HTTPException(403, detail, {"www-authenticate": challenge})
        return caller

    return Depends(check)
