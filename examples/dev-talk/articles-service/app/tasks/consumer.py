"""What this service listens to and answers, each with its handler."""

from app.tasks import articles, people
from app.utils.consumer import Consumer

consumer = Consumer(
    subscriptions=people.consumer.subscriptions, answerers=articles.consumer.answerers
)
