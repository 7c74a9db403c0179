"""Which replica runs a job: the one that takes its next run first."""

# {% if cookiecutter.database != "none" %}
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.database import Database
from app.tables import JobSchedule
from app.utils.clock import now
from app.utils.container import Container


class JobClaims:
    """Take runs by moving the job's row on in the database."""

    def __init__(self, opened: Container) -> None:
        """Keep the schedule in the database."""
        self._database = opened[Database]

    async def take(self, job: str, seconds: float) -> bool:
        """Take the job for so many seconds; False when another replica has it."""
        moment = now()
        until = moment + timedelta(seconds=seconds)
        due = (
            update(JobSchedule)
            .where(JobSchedule.name == job, JobSchedule.next_run_at <= moment)
            .values(next_run_at=until)
            .execution_options(synchronize_session=False)
        )
        async with self._database.begin() as session:
            known = await session.get(JobSchedule, job)
            taken = await session.connection()
            moved = (await taken.execute(due)).rowcount == 1
        return moved if known else await self._insert(job, until)

    async def _insert(self, job: str, until: datetime) -> bool:
        try:
            async with self._database.begin() as session:
                session.add(JobSchedule(name=job, next_run_at=until))
        except IntegrityError:
            return False
        return True
# {% endif %}
# {% if cookiecutter.database == "none" %}
from app.utils.cache import Cache
from app.utils.container import Container


class JobClaims:
    """Take runs by a key in the cache that expires when the next one is due."""

    def __init__(self, opened: Container) -> None:
        """Keep the keys in the cache."""
        self._cache = opened[Cache]

    async def take(self, job: str, seconds: float) -> bool:
        """Take the job for so many seconds; False when another replica has it."""
        return await self._cache.claim(f"job:{job}", ttl=seconds)
# {% endif %}
