"""The events of this service: what its parts tell each other, and whoever else listens."""

from app.domain.contracts import articles, comments, sessions, users

__all__ = ["articles", "comments", "sessions", "users"]
