"""Passwords: kept as argon2 hashes, tried in threads, and equally slow for whoever is unknown."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.core.errors import UnavailableError
from app.domain.auth.settings import UserSettings

T = TypeVar("T")

# Each takes a CPU and PASSWORD_MEMORY_KIB: more at once would only take longer.
THREADS = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="password")


class Passwords:
    """Hash passwords, and try them; both raise UnavailableError when too many wait for it."""

    def __init__(self, settings: UserSettings) -> None:
        """Hash as the settings say."""
        self._places = find_places(settings.password_queue)
        self._costs = (settings.password_rounds, settings.password_memory_kib)
        self._hasher = make_hasher(*self._costs)

    async def hash(self, password: str) -> str:
        """Return what to keep of a password."""
        return await self._run(self._hasher.hash, password)

    async def check(self, kept: str | None, password: str) -> bool:
        """Tell whether it is the password; where nothing is kept, take as long and deny it."""
        return await self._run(self._check, kept, password)

    def is_outdated(self, kept: str) -> bool:
        """Tell whether a hash was made with other settings than those of today."""
        return self._hasher.check_needs_rehash(kept)

    async def _run(self, call: Callable[..., T], *arguments: str | None) -> T:
        """Call in a thread, when it is its turn."""
        if not self._places.acquire(blocking=False):
            raise UnavailableError("too many passwords are being tried, try again later")
        try:
            work = THREADS.submit(call, *arguments)
        except BaseException:
            self._places.release()
            raise
        # When a thread has done it, or nobody waits for it any more and none has begun.
        work.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(work)

    def _check(self, kept: str | None, password: str) -> bool:
        # Made in any case, or else the first unknown address would take longer.
        nothing = hash_nothing(*self._costs)
        try:
            self._hasher.verify(kept or nothing, password)
        except (Argon2Error, InvalidHashError):
            return False
        return kept is not None


def make_hasher(rounds: int, memory: int) -> PasswordHasher:
    """Return a hasher that takes one CPU."""
    return PasswordHasher(time_cost=rounds, memory_cost=memory, parallelism=1)


@lru_cache
def find_places(count: int) -> BoundedSemaphore:
    """Return the places of those who wait for the threads, and of those whom they serve."""
    return BoundedSemaphore(count)


@lru_cache
def hash_nothing(rounds: int, memory: int) -> str:
    """Return the hash of a password that nobody has."""
    return make_hasher(rounds, memory).hash(os.urandom(16).hex())
