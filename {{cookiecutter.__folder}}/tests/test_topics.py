"""The topics that the service knows."""

from app.services.topics import list_topics
from app.utils.message_broker import Event
from app.utils.requests import Request
from app.utils.topology import Topology


class Parked(Event, topic="test.parked", topology=Topology(partitions=12)):
    """A car was parked."""


def test_topics_are_those_of_all_events_as_they_are_declared() -> None:
    topics = {topic.name: topic.topology for topic in list_topics("shop")}
    assert topics["test.parked"].partitions == 12
    assert "item.created" not in topics or topics["item.created"] == Topology()


def test_a_service_that_knows_requests_has_a_topic_for_replies() -> None:
    class Answer(Event, topic="test.answer"):
        """Any model will do."""

    class Ask(Request[Answer], topic="test.ask"):
        """A request."""

    names = {topic.name for topic in list_topics("shop")}
    assert {Ask.topic, "shop.replies"} <= names
