"""Let users see their own changes at once, in every service.

A service that owns data counts the changes of each user, sends the count along with its events, and
notes it in the shared store when it has committed. A service that keeps a copy compares that with
what it has applied. Where the store does not answer, copies are as old as the events are late.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from app.core.errors import UnavailableError
from app.shared import Store
from app.unit_of_work import UnitOfWork
from app.utils.logger import Logger

logger = Logger(__name__)

WAIT_SECONDS = 0.2
PAUSE_SECONDS = 0.02
# Much longer than events take; without it the store would grow for ever.
KEPT_SECONDS = 24 * 3600.0


def note_version(uow: UnitOfWork, store: Store, owner: str, user_id: int, version: int) -> None:
    """Tell, once committed, how often the user has changed something at the owner."""
    uow.after_commit(partial(write_version, store, owner, user_id, version))


async def write_version(store: Store, owner: str, user_id: int, version: int) -> None:
    """Note the version; what is committed stays so when the store does not answer."""
    try:
        await store.raise_to(name_version(owner, user_id), version, ttl=KEPT_SECONDS)
    except UnavailableError as error:
        logger.warning("version not noted", owner=owner, user_id=user_id, error=str(error))


async def read_version(store: Store, owner: str, user_id: int) -> int:
    """Return the version that readers must have seen; 0 when there is none, or nobody knows."""
    try:
        [version] = await store.read(name_version(owner, user_id))
    except UnavailableError:
        return 0
    return int(version or 0)


async def await_version(
    store: Store, owner: str, user_id: int, read_applied: Callable[[], Awaitable[int]]
) -> bool:
    """Wait until the copy is as new as its owner's; False when that takes too long: ask the owner.

    `read_applied` returns the version that the copy has, each time in a transaction of its own.
    """
    wanted = await read_version(store, owner, user_id)
    if wanted == 0:
        return True
    ends = asyncio.get_running_loop().time() + WAIT_SECONDS
    while await read_applied() < wanted:
        if asyncio.get_running_loop().time() >= ends:
            return False
        await asyncio.sleep(PAUSE_SECONDS)
    return True


def name_version(owner: str, user_id: int) -> str:
    """Return the key of a version: `version:auth:7`."""
    return f"version:{owner}:{user_id}"
