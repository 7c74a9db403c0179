"""Who looks: by a token in the header Authorization, `Token` or `Bearer`, for routes to ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader
from fastapi.security.utils import get_authorization_scheme_param
from starlette.exceptions import HTTPException

from app.api.verifier import verify
from app.core.errors import UnavailableError
from app.domain import permissions
from app.resources import Resources
from app.services.tokens import InvalidTokenError
from app.shared import Store

CHALLENGE = {"www-authenticate": "Token"}
# For the document alone: the header is read below, where a bad one has an answer of its own.
Documented = Depends(APIKeyHeader(name="Authorization", scheme_name="Token", auto_error=False))


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who a token names."""

    id: int
    session: str
    roles: frozenset[str]
    claims: Mapping[str, Any]

    def may(self, permission: str) -> bool:
        """Tell whether a role of theirs has the permission."""
        return permissions.may(self.roles, permission)


async def find_viewer(request: Request) -> Person | None:
    """Return who looks, if the request says so; 401 for a token that is not good."""
    if not hasattr(request.state, "viewer"):
        request.state.viewer = await read_viewer(request)
    viewer: Person | None = request.state.viewer
    return viewer


async def read_viewer(request: Request) -> Person | None:
    """Check the token of a request."""
    header = request.headers.get("authorization")
    if not header:
        return None
    scheme, token = get_authorization_scheme_param(header)
    if scheme.lower() not in {"token", "bearer"} or not token:
        raise HTTPException(401, "token: is invalid", CHALLENGE)
    try:
        caller = await verify(request, token)
        person = Person(
            id=int(caller.subject),
            session=str(caller.claims["sid"]),
            roles=frozenset(caller.claims["roles"]),
            claims=caller.claims,
        )
    except (InvalidTokenError, LookupError, ValueError) as error:
        raise HTTPException(401, "token: is invalid", CHALLENGE) from error
    if await is_revoked(request.state.opened[Resources].store, person.session):
        raise HTTPException(401, "token: is revoked", CHALLENGE)
    request.state.caller = caller
    return person


async def is_revoked(store: Store, session: str) -> bool:
    """Tell whether a session has ended; without the store its tokens count until they expire."""
    try:
        [ended] = await store.read(f"revoked:{session}")
    except UnavailableError:
        return False
    return ended is not None


MaybeViewer = Annotated[Person | None, Depends(find_viewer)]
"""Who looks, for routes that are open to others too."""


async def require_viewer(viewer: MaybeViewer, _: Annotated[None, Documented] = None) -> Person:
    """Return who looks; 401 without a token."""
    if viewer is None:
        raise HTTPException(401, "token: is missing", CHALLENGE)
    return viewer


Viewer = Annotated[Person, Depends(require_viewer)]
"""Who looks, for routes that need to know."""


def require_permission(permission: str) -> Any:
    """Return a dependency on a viewer who has a permission; 403 otherwise."""

    async def check(viewer: Viewer) -> None:
        if not viewer.may(permission):
            raise HTTPException(403, "permission: forbidden")

    return Depends(check)
