"""What this service does by itself."""

from app.tasks import auth
from app.utils.jobs import Worker

worker = Worker()
auth.schedule(worker)
