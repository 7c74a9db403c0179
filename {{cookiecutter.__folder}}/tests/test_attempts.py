"""Attempts: repeated while nothing is committed; nothing that follows a commit undoes it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import event

from app.core import attempts
from app.core.attempts import ATTEMPTS, note_commit, repeat_on_conflict
from app.core.errors import TransactionConflictError, UnavailableError
from app.database import Database
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.container import Container
from tests.unit_of_work_kit import count, insert, make_numbers

LOGGER = "app.core.attempts"


@pytest.fixture
async def begin(opened: Container) -> UnitOfWorkFactory:
    return await make_numbers(opened)


class Work:
    """Work that is counted, and whose last act is to meet a conflict."""

    def __init__(self, act: Callable[[], Awaitable[object]]) -> None:
        self.act = act
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        await self.act()
        raise TransactionConflictError("others were faster")

    async def run(self) -> int:
        """Return how often it ran until its conflict was raised."""
        with pytest.raises(TransactionConflictError):
            await repeat_on_conflict(self)
        return self.runs


async def nothing() -> None:
    """Do nothing."""


async def test_an_attempt_that_has_committed_nothing_is_repeated() -> None:
    assert await Work(nothing).run() == ATTEMPTS


async def test_an_attempt_that_cannot_be_repeated_is_not() -> None:
    work = Work(nothing)
    with pytest.raises(TransactionConflictError):
        await repeat_on_conflict(work, can_repeat=lambda: False)
    assert work.runs == 1


class TestCommits:
    """What counts as a commit, and so ends the repeating."""

    async def test_a_unit_of_work(self, begin: UnitOfWorkFactory) -> None:
        async def commit() -> None:
            async with begin() as uow:
                await insert(uow, 1)

        assert await Work(commit).run() == 1
        assert await count(begin) == 1

    async def test_a_unit_inside_of_another_that_meets_the_conflict(
        self, begin: UnitOfWorkFactory
    ) -> None:
        runs = 0

        async def commit_inside() -> None:
            nonlocal runs
            runs += 1
            async with begin():
                async with begin() as inner:
                    await insert(inner, runs)
                raise TransactionConflictError("others were faster")

        with pytest.raises(TransactionConflictError):
            await repeat_on_conflict(commit_inside)
        assert (runs, await count(begin)) == (1, 1)

    async def test_a_unit_in_a_task_of_the_attempt(self, begin: UnitOfWorkFactory) -> None:
        async def commit() -> None:
            async with begin() as uow:
                await insert(uow, 1)

        async def commit_in_a_task() -> None:
            await asyncio.gather(commit())

        assert await Work(commit_in_a_task).run() == 1

    async def test_a_commit_by_hand(self, begin: UnitOfWorkFactory) -> None:
        async def commit() -> None:
            async with begin() as uow:
                await insert(uow, 1)
                await uow.session.commit()
                raise TransactionConflictError("others were faster")

        assert await Work(commit).run() == 1

    async def test_a_transaction_without_a_unit(
        self, begin: UnitOfWorkFactory, opened: Container
    ) -> None:
        async def commit() -> None:
            async with opened[Database].begin():
                pass

        del begin
        assert await Work(commit).run() == 1

    async def test_an_attempt_inside_of_another(self, begin: UnitOfWorkFactory) -> None:
        async def commit() -> None:
            async with begin() as uow:
                await insert(uow, 1)

        assert await Work(lambda: repeat_on_conflict(commit)).run() == 1

    async def test_a_transaction_that_only_reads_is_none(self, begin: UnitOfWorkFactory) -> None:
        async def read() -> None:
            await count(begin)

        assert await Work(read).run() == ATTEMPTS

    async def test_the_end_of_a_savepoint_is_none(self, begin: UnitOfWorkFactory) -> None:
        runs = 0

        async def end_savepoint() -> None:
            nonlocal runs
            runs += 1
            async with begin() as uow:
                async with uow.session.begin_nested():
                    await insert(uow, 1)
                raise TransactionConflictError("others were faster")

        with pytest.raises(TransactionConflictError):
            await repeat_on_conflict(end_savepoint)
        assert (runs, await count(begin)) == (ATTEMPTS, 0)

    async def test_a_commit_that_fails_is_none(self, begin: UnitOfWorkFactory) -> None:
        runs = 0

        def fail(_: object) -> None:
            raise TransactionConflictError("not serializable")

        async def commit() -> None:
            nonlocal runs
            runs += 1
            async with begin() as uow:
                await insert(uow, 1)
                event.listen(uow.session.sync_session, "before_commit", fail)

        with pytest.raises(TransactionConflictError):
            await repeat_on_conflict(commit)
        assert (runs, await count(begin)) == (ATTEMPTS, 0)

    async def test_one_before_the_attempt_is_none(self, begin: UnitOfWorkFactory) -> None:
        async with begin() as uow:
            await insert(uow, 1)
        note_commit()
        assert await Work(nothing).run() == ATTEMPTS


async def commit_and(begin: UnitOfWorkFactory, *actions: Callable[[], Awaitable[object]]) -> None:
    """Commit a row, and do this after it."""
    async with begin() as uow:
        await insert(uow, 1)
        for action in actions:
            uow.after_commit(action)


class TestAfterTheCommit:
    """What is done after a commit cannot fail what is committed."""

    @pytest.mark.parametrize(
        "error",
        [UnavailableError("no mailer"), RuntimeError("a mistake"), asyncio.CancelledError()],
    )
    async def test_an_action_that_fails_is_logged_and_the_next_one_runs(
        self,
        begin: UnitOfWorkFactory,
        caplog: pytest.LogCaptureFixture,
        error: BaseException,
    ) -> None:
        done: list[str] = []

        async def fail() -> None:
            raise error

        async def succeed() -> None:
            done.append("the next one")

        with caplog.at_level(logging.ERROR, LOGGER):
            await commit_and(begin, fail, succeed)
        assert await count(begin) == 1
        assert done == ["the next one"]
        assert [record.getMessage() for record in caplog.records] == [
            "action after a commit failed"
        ]
        assert caplog.records[0].__dict__["fields"]["action"].endswith("fail")

    async def test_an_action_that_hangs_is_ended(
        self,
        begin: UnitOfWorkFactory,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(attempts, "ACTION_SECONDS", 0.01)
        with caplog.at_level(logging.ERROR, LOGGER):
            await commit_and(begin, asyncio.Event().wait)
        assert len(caplog.records) == 1
        assert await count(begin) == 1

    async def test_an_action_that_meets_a_conflict_is_repeated_alone(
        self, begin: UnitOfWorkFactory
    ) -> None:
        runs = 0

        async def meet_one_conflict() -> None:
            nonlocal runs
            runs += 1
            async with begin() as uow:
                await insert(uow, 2)
                if runs == 1:
                    raise TransactionConflictError("others were faster")

        await commit_and(begin, meet_one_conflict)
        assert (runs, await count(begin)) == (2, 2)

    async def test_an_action_that_always_meets_a_conflict_repeats_no_attempt(
        self, begin: UnitOfWorkFactory
    ) -> None:
        action, runs = Work(nothing), 0

        async def attempt() -> None:
            nonlocal runs
            runs += 1
            await commit_and(begin, action)

        await repeat_on_conflict(attempt)
        assert (runs, action.runs, await count(begin)) == (1, ATTEMPTS, 1)

    async def test_an_action_after_the_commit_of_an_action_counts_for_itself(
        self, begin: UnitOfWorkFactory
    ) -> None:
        second = Work(nothing)

        async def first() -> None:
            async with begin() as uow:
                await insert(uow, 2)
                uow.after_commit(second)

        await commit_and(begin, first)
        assert (second.runs, await count(begin)) == (ATTEMPTS, 2)

    async def test_a_task_that_is_cancelled_meanwhile_ends(self, begin: UnitOfWorkFactory) -> None:
        waiting = asyncio.Event()

        async def wait() -> None:
            waiting.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(commit_and(begin, wait))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await count(begin) == 1

    async def test_the_unit_that_has_ended_is_not_its(
        self, begin: UnitOfWorkFactory, caplog: pytest.LogCaptureFixture
    ) -> None:
        kept: list[UnitOfWork] = []

        async def write() -> None:
            await insert(kept[0], 2)

        with caplog.at_level(logging.ERROR, LOGGER):
            async with begin() as uow:
                kept.append(uow)
                uow.after_commit(write)
        assert "this unit of work has ended" in caplog.text
