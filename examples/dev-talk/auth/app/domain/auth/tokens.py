"""Access tokens: who somebody is for an hour, in a form that every service can check by itself."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from app.domain.auth.keys import Keyring
from app.domain.auth.settings import UserSettings
from app.utils.clock import now


async def issue(
    keyring: Keyring,
    settings: UserSettings,
    *,
    user_id: int,
    session: str,
    roles: Collection[str],
) -> str:
    """Return an access token; no name stands in it, so that it outlives a new one."""
    moment = now()
    claims = {
        "iss": settings.access_issuer,
        "aud": settings.access_audience,
        "sub": str(user_id),
        "sid": session,
        "roles": list(roles),
        "iat": moment,
        "exp": moment + timedelta(minutes=settings.access_minutes),
    }
    return await keyring.sign(claims)


def is_half_over(claims: Mapping[str, Any]) -> bool:
    """Tell whether a token has less time before it than behind it."""
    middle: float = (claims["iat"] + claims["exp"]) / 2
    return now().timestamp() > middle
