"""Articles, as the service articles tells of them.

`version` counts the changes of an article: it grows by one with each of its events, the deletion
included, so that a reader can tell an old event from a new one.
"""

from app.domain.contracts.senders import ARTICLES
from app.utils.base_model import Model
from app.utils.message_broker import Event
from app.utils.requests import Request


class ArticlePublished(Event, topic="article.published", key="article_id", sent_by=ARTICLES):
    """There is a new article."""

    article_id: int
    author_id: int
    version: int
    slug: str
    title: str


class ArticleChanged(Event, topic="article.changed", key="article_id", sent_by=ARTICLES):
    """An article has changed; this is all that others need of it."""

    article_id: int
    author_id: int
    version: int
    slug: str
    title: str


class ArticleDeleted(Event, topic="article.deleted", key="article_id", sent_by=ARTICLES):
    """There is no such article any more."""

    article_id: int
    author_id: int
    version: int


class ArticleRecord(Model):
    """An article as of a version."""

    article_id: int
    author_id: int
    version: int
    slug: str
    title: str


class LookUpArticle(Request[ArticleRecord], topic="article.lookup"):
    """Ask for an article by id, or else by slug; NotFoundError when there is none."""

    article_id: int | None = None
    slug: str | None = None
