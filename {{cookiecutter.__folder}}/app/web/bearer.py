"""Who calls: bearer tokens (RFC 6750), for routes to ask for."""

from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from app.services.tokens import Caller, InvalidTokenError, TokenVerifier

INVALID = {"www-authenticate": 'Bearer error="invalid_token"'}

Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


async def find_caller(request: HTTPConnection) -> Caller | None:
    """Return who calls, if the request says so; 401 for a token that is not good."""
    # Read here, not by HTTPBearer: the document would say that every caller needs a token.
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    verifier: TokenVerifier = request.state.opened[TokenVerifier]
    if scheme.lower() != "bearer" or not token or not verifier.has_issuer:
        return None
    try:
        caller = await verifier.verify(token)
    except InvalidTokenError as error:
        raise HTTPException(401, str(error), INVALID) from error
    request.state.caller = caller
    return caller


KnownCaller = Annotated[Caller | None, Depends(find_caller)]
"""Who calls, for routes that are open to others too."""


async def identify(caller: KnownCaller, credentials: Credentials) -> Caller:
    """Return who calls; 401 without a good token."""
    if caller is not None:
        return caller
    if credentials is None:
        raise HTTPException(401, "this needs a bearer token", {"www-authenticate": "Bearer"})
    raise HTTPException(401, "no issuer of tokens is known: AUTH_JWKS_URL is not set", INVALID)


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
