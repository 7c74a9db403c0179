"""What is kept for a while only: delete what has been there long enough."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.core.config import CoreSettings
# {% endif %}
from app.database import Database
# {% if cookiecutter.database == "mysql" %}
from app.engine import READ_COMMITTED
# {% endif %}
# {% if cookiecutter.interface == "worker" %}
from app.tables import InboxMessage
# {% endif %}
# {% if cookiecutter.interface == "api" or (cookiecutter.interface != "worker" and cookiecutter.broker == "none") %}
from app.tables import KeptAnswer
# {% endif %}
# {% if cookiecutter.interface == "api-and-worker" and cookiecutter.broker != "none" %}
from app.tables import InboxMessage, KeptAnswer
# {% endif %}
from app.utils.background import run_in_background
from app.utils.clock import now
from app.utils.container import Container
from app.utils.logger import Logger

logger = Logger(__name__)

# {% if cookiecutter.interface != "worker" %}
ANSWERS_KEPT_FOR = timedelta(days=1)
# {% endif %}
PAUSE_SECONDS = 600.0
# As many in a transaction: more would hold locks for long.
BATCH = 1000

Age = InstrumentedAttribute[datetime]
"""The column that says since when a row has been there; it has an index."""


def list_ages(opened: Container) -> list[tuple[Age, timedelta]]:
    """Return what is deleted, by which column, and after how long."""
    # {% if cookiecutter.interface == "api" or cookiecutter.broker == "none" %}
    del opened  # It takes no setting.
    # {% endif %}
    return [
        # {% if cookiecutter.interface != "worker" %}
        (KeptAnswer.created_at, ANSWERS_KEPT_FOR),
        # {% endif %}
        # {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
        (InboxMessage.received_at, timedelta(days=opened[CoreSettings].inbox.days)),
        # {% endif %}
    ]


async def delete_old_rows(opened: Container) -> None:
    """Delete what is old, a batch at a time; several replicas may do it at once."""
    for age, kept_for in list_ages(opened):
        while await delete_batch(opened[Database], age, now() - kept_for):
            pass


async def delete_batch(database: Database, age: Age, moment: datetime) -> bool:
    """Delete the oldest rows from before the moment; return whether there are more."""
    last = select(age).where(age < moment).order_by(age).offset(BATCH - 1).limit(1)
    table: Any = age.class_
    async with database.begin() as session:
        # {% if cookiecutter.database == "mysql" %}
        # Without this the server also locks the gaps between rows, where others insert.
        await session.connection(execution_options=READ_COMMITTED)
        # {% endif %}
        end = await session.scalar(last)
        old = delete(table).where(age < moment if end is None else age <= end)
        await session.execute(old, execution_options={"synchronize_session": False})
    return end is not None


@asynccontextmanager
async def run_retention(opened: Container) -> AsyncIterator[None]:
    """Delete what is old in the background, now and then, while the block runs."""

    async def run() -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await delete_old_rows(opened)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next time may do
                logger.warning("old rows not deleted", error=repr(error))

    async with run_in_background(run()):
        yield
