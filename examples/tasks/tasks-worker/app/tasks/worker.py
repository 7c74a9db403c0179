"""What this service does by itself: it runs the tasks that were started."""

from app.domain.settings import Settings
from app.resources import Resources
from app.tasks.runner import Runner
from app.unit_of_work import UnitOfWorkFactory
from app.utils.jobs import Worker

worker = Worker()


@worker.always()
async def run_tasks(begin: UnitOfWorkFactory, resources: Resources, settings: Settings) -> None:
    """Run what is due, on every replica, and give back what is not finished at the end."""
    await Runner(begin, resources, settings).run()
