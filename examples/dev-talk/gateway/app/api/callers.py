"""Who calls: tokens are checked here once, and by the services again."""

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param
from starlette.exceptions import HTTPException

from app.core.errors import UnavailableError
from app.domain.settings import Settings
from app.gateway.known_tokens import KnownToken
from app.resources import Resources
from app.services.rate_limiter import RateLimit, RateLimiter
from app.services.tokens import InvalidTokenError, TokenVerifier
from app.utils.cache import Cache
from app.web.rate_limits import name_network

CHALLENGE = {"www-authenticate": "Token"}
MINUTE = 60.0


async def check_caller(request: Request) -> None:
    """Refuse a bad token with 401, and who asks too often with 429.

    Without a token everybody passes: the services know which routes need one.
    """
    caller = await find_caller(request)
    settings: Settings = request.state.opened[Settings]
    if settings.requests_per_minute:
        who = caller.user_id if caller else name_network(request)
        limit = RateLimit(settings.requests_per_minute, per=MINUTE)
        await RateLimiter(request.state.opened[Cache]).check(f"caller:{who}", limit=limit)


async def find_caller(request: Request) -> KnownToken | None:
    """Return whom the token names; 401 for one that is not good, None without one."""
    header = request.headers.get("authorization")
    if not header:
        return None
    scheme, token = get_authorization_scheme_param(header)
    if scheme.lower() not in {"token", "bearer"} or not token:
        raise HTTPException(401, "token: is invalid", CHALLENGE)
    resources: Resources = request.state.opened[Resources]
    known = resources.known_tokens.find(token) or await check_token(request, token)
    if await resources.revocations.contains(known.session_id):
        raise HTTPException(401, "token: is revoked", CHALLENGE)
    return known


async def check_token(request: Request, token: str) -> KnownToken:
    """Check a token that was not seen lately."""
    verifier: TokenVerifier = request.state.opened[TokenVerifier]
    if not verifier.has_issuer:
        raise UnavailableError("tokens cannot be checked: AUTH_JWKS_URL is not set")
    try:
        claims = (await verifier.verify(token)).claims
        user_id, session_id, expires = claims["sub"], claims["sid"], claims["exp"]
    except (InvalidTokenError, KeyError) as error:
        raise HTTPException(401, "token: is invalid", CHALLENGE) from error
    resources: Resources = request.state.opened[Resources]
    return resources.known_tokens.add(token, user_id, session_id, expires)
