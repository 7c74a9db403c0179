"""What roles may do; tokens name the roles of their bearer."""

from collections.abc import Iterable

PERMISSIONS = {
    "admin": frozenset({"roles:write", "articles:moderate", "comments:moderate"}),
    "moderator": frozenset({"articles:moderate", "comments:moderate"}),
}


def may(roles: Iterable[str], permission: str) -> bool:
    """Tell whether one of the roles has the permission."""
    return any(permission in PERMISSIONS.get(role, ()) for role in roles)
