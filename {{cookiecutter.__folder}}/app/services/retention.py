"""What is kept for a while only: delete what has been there long enough."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import delete

from app.database import Database
from app.tables import KeptAnswer
from app.utils.background import run_in_background
from app.utils.clock import now
from app.utils.container import Container
from app.utils.logger import Logger

logger = Logger(__name__)

KEPT_FOR = timedelta(days=1)
PAUSE_SECONDS = 600.0


async def delete_old_answers(opened: Container) -> None:
    """Delete the answers that no client will ask for again."""
    old = delete(KeptAnswer).where(KeptAnswer.created_at < now() - KEPT_FOR)
    async with opened[Database].begin() as session:
        await session.execute(old)


@asynccontextmanager
async def run_retention(opened: Container) -> AsyncIterator[None]:
    """Delete what is old in the background, now and then, while the block runs."""

    async def run() -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await delete_old_answers(opened)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next time may do
                logger.warning("old answers not deleted", error=repr(error))

    async with run_in_background(run()):
        yield
