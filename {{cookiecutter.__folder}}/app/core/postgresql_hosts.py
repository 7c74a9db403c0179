"""Connections to PostgreSQL on several servers, of which some may not answer."""

import ssl
from typing import Any

import asyncpg

from app.core.database_tls import find_refusal


async def connect_in_turn(
    *,
    host: list[str],
    port: list[int],
    target_session_attrs: str = "any",
    shown: ssl.SSLContext | None = None,
    **options: Any,
) -> Any:
    """Connect to the first server that answers and is of the wanted kind.

    The driver's own limit of time is one for all servers, so that one that is silent would keep it
    from the others. `shown` has the client's certificate, if there is one.
    """
    wanted = [target_session_attrs]
    if target_session_attrs == "prefer-standby":
        wanted = ["standby", "any"]
    failure: Exception = OSError("the URL names no server")
    for kind in wanted:
        for name, number in zip(host, port, strict=True):
            try:
                return await asyncpg.connect(
                    host=name, port=number, target_session_attrs=kind, **options
                )
            except (
                OSError,
                TimeoutError,
                asyncpg.CannotConnectNowError,
                asyncpg.ConnectionDoesNotExistError,
                asyncpg.TargetServerAttributeNotMatched,
            ) as error:
                refusal = shown and await find_refusal(name, number, shown)
                failure = refusal or error
    raise failure
