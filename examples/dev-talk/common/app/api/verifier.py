"""How tokens are checked: with the keys that the service auth publishes, at AUTH_JWKS_URL."""

from fastapi import Request

from app.core.errors import UnavailableError
from app.services.tokens import Caller, TokenVerifier


async def verify(request: Request, token: str) -> Caller:
    """Return whom a token names; raises InvalidTokenError, and UnavailableError without keys."""
    verifier: TokenVerifier = request.state.opened[TokenVerifier]
    if not verifier.has_issuer:
        raise UnavailableError("tokens cannot be checked: AUTH_JWKS_URL is not set")
    return await verifier.verify(token)
