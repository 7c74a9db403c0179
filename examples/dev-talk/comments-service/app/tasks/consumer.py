"""What this service listens to, each with its handler."""

from app.tasks import comments, people
from app.utils.consumer import Consumer

consumer = Consumer([*people.consumer.subscriptions, *comments.consumer.subscriptions])
