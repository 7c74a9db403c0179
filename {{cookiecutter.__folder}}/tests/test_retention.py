"""What is kept for a day is gone after it."""

from sqlalchemy import select

from app.database import Database
from app.services.retention import delete_old_answers
from app.tables import KeptAnswer
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.kit.clock import Clock


async def test_an_answer_is_kept_for_a_day_and_no_longer(opened: Container, clock: Clock) -> None:
    for key in ("first", "second"):
        async with opened[UnitOfWorkFactory]() as uow:
            uow.session.add(KeptAnswer(key=key, request="hash"))
        clock.advance(13 * 3600)
    await delete_old_answers(opened)
    async with opened[Database].readers() as session:
        assert list(await session.scalars(select(KeptAnswer.key))) == ["second"]
