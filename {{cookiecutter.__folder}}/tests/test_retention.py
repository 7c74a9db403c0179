"""What is kept for a while is gone after it."""

import pytest
from sqlalchemy import func, select

# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.core.config import CoreSettings
# {% endif %}
from app.database import Base, Database
from app.services import retention
from app.services.retention import delete_old_rows
# {% if cookiecutter.interface == "worker" %}
from app.tables import InboxMessage
# {% endif %}
# {% if cookiecutter.interface == "api" or (cookiecutter.interface != "worker" and cookiecutter.broker == "none") %}
from app.tables import KeptAnswer
# {% endif %}
# {% if cookiecutter.interface == "api-and-worker" and cookiecutter.broker != "none" %}
from app.tables import InboxMessage, KeptAnswer
# {% endif %}
from app.utils.container import Container
from app.utils.identity import make_digest
from tests.kit.clock import Clock

DAY = 24 * 3600.0


def make(number: int) -> Base:
    """Return a row of a table that is kept for a while only."""
    # {% if cookiecutter.interface != "worker" %}
    request = make_digest("request")
    return KeptAnswer(
        key=make_digest(str(number)), request=request, status=204, headers=[], body=b""
    )
    # {% endif %}
    # {% if cookiecutter.interface == "worker" %}
    return InboxMessage(subscription="counting", message=make_digest(str(number)))
    # {% endif %}


async def count(opened: Container, table: type[Base]) -> int:
    async with opened[Database].readers() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


# {% if cookiecutter.interface != "worker" %}
async def test_an_answer_is_kept_for_a_day_and_no_longer(opened: Container, clock: Clock) -> None:
    for number in (1, 2):
        async with opened[Database].begin() as session:
            session.add(make(number))
        clock.advance(13 * 3600)
    await delete_old_rows(opened)
    async with opened[Database].readers() as session:
        assert list(await session.scalars(select(KeptAnswer.key))) == [make_digest("2")]


# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
async def test_a_handled_message_is_known_for_as_long_as_the_setting_says(
    opened: Container, clock: Clock
) -> None:
    async with opened[Database].begin() as session:
        session.add(InboxMessage(subscription="counting", message=make_digest("1")))
    clock.advance(opened[CoreSettings].inbox.days * DAY)
    await delete_old_rows(opened)
    assert await count(opened, InboxMessage) == 1
    clock.advance(1)
    await delete_old_rows(opened)
    assert await count(opened, InboxMessage) == 0


# {% endif %}
async def test_much_is_deleted_in_several_transactions(
    opened: Container, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for number in range(10):
        clock.advance(1)
        async with opened[Database].begin() as session:
            session.add(make(number))
    clock.advance(100 * DAY)
    await delete_old_rows(opened)
    assert await count(opened, type(make(0))) == 0
