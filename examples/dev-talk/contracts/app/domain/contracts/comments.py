"""Comments, as the service comments tells of them."""

from app.domain.contracts.senders import COMMENTS
from app.utils.message_broker import Event


class CommentCreated(Event, topic="comment.created", key="comment_id", sent_by=COMMENTS):
    """There is a new comment."""

    comment_id: int
    article_id: int
    author_id: int


class CommentChanged(Event, topic="comment.changed", key="comment_id", sent_by=COMMENTS):
    """A comment has another text."""

    comment_id: int
    article_id: int
    author_id: int


class CommentDeleted(Event, topic="comment.deleted", key="comment_id", sent_by=COMMENTS):
    """There is no such comment any more."""

    comment_id: int
    article_id: int
    author_id: int
