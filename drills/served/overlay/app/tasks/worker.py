"""The order service does nothing by the clock."""

from app.utils.jobs import Worker

worker = Worker()
