"""What others tell this service and ask it, each with its handler."""

from app.tasks import auth
from app.utils.consumer import Consumer

consumer = Consumer()
auth.register(consumer)
