"""Attempts: work that runs again when another transaction got in its way.

The rule: an attempt is repeated only while nothing in it has been committed. Work that follows a
commit is logged when it fails and repeated by its own means; it changes neither the data nor the
answer.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import TypeVar

from app.core.errors import TransactionConflictError
from app.utils.background import stray_cancellation_fails
from app.utils.logger import Logger

logger = Logger(__name__)

Result = TypeVar("Result")

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.02
# An action that hangs must not keep the answer to what is committed already.
ACTION_SECONDS = 5.0


class Commits:
    """Whether anything has been committed since an attempt began, also by tasks that it started."""

    __slots__ = ("_outer", "seen")

    def __init__(self, outer: "Commits | None") -> None:
        """Begin an attempt, which may be a part of another one."""
        self._outer = outer
        self.seen = False

    def note(self) -> None:
        """Remember a commit, for the attempts around this one too."""
        self.seen = True
        if self._outer is not None:
            self._outer.note()


# Tasks inherit the object, so that a commit in one of them counts for the attempt.
_commits: ContextVar[Commits | None] = ContextVar("commits", default=None)


def note_commit() -> None:
    """Make the attempts that are under way final: a transaction of theirs is committed."""
    if commits := _commits.get():
        commits.note()


async def repeat_on_conflict(
    work: Callable[[], Awaitable[Result]],
    *,
    attempts: int = ATTEMPTS,
    can_repeat: Callable[[], bool] = lambda: True,
) -> Result:
    """Return what the work returns, and start it again when it meets a TransactionConflictError.

    Raises that after the last attempt, and at once if the attempt has committed something or cannot
    be repeated.
    """
    attempt = 0
    while True:
        attempt += 1
        commits = Commits(_commits.get())
        token = _commits.set(commits)
        try:
            return await work()
        except TransactionConflictError:
            if attempt >= attempts or commits.seen or not can_repeat():
                raise
        finally:
            _commits.reset(token)
        # Random, and growing: those that met must not meet again.
        longest = FIRST_PAUSE_SECONDS * 2**attempt
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - no secret


async def run_after_commit(actions: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Run each action, whatever becomes of the others; one that fails or hangs is only logged.

    A conflict in a transaction of its own repeats the action alone.
    """
    for action in actions:
        try:
            with stray_cancellation_fails():
                async with asyncio.timeout(ACTION_SECONDS):
                    await repeat_on_conflict(action)
        except Exception:
            logger.exception("action after a commit failed", action=describe_action(action))


def describe_action(action: Callable[[], Awaitable[object]]) -> str:
    """Return the name of an action, also of a `partial`."""
    function = getattr(action, "func", action)
    return getattr(function, "__qualname__", repr(function))
