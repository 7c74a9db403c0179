"""What the parts of this service tell and ask each other, each with its handler."""

from app.tasks import articles, auth, comments, people
from app.utils.consumer import Consumer

consumer = Consumer(
    subscriptions=[*people.consumer.subscriptions, *comments.consumer.subscriptions],
    answerers=[*articles.consumer.answerers],
)
auth.register(consumer)
