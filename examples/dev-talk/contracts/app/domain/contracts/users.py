"""Users, as the service auth tells of them.

`version` counts the changes that a user made there: of the profile, and of who is followed. It
grows by one with each event, so that a reader can tell an old event from a new one, and whether it
has seen all. Names are not unique to a reader: two users may swap theirs while events travel.
"""

from app.domain.contracts.senders import AUTH
from app.utils.base_model import Model
from app.utils.message_broker import Event
from app.utils.requests import Request


class UserRegistered(Event, topic="user.registered", key="user_id", sent_by=AUTH):
    """There is a new user."""

    user_id: int
    version: int
    username: str
    bio: str | None
    image: str | None


class UserChanged(Event, topic="user.changed", key="user_id", sent_by=AUTH):
    """A user has another profile; this is all of it."""

    user_id: int
    version: int
    username: str
    bio: str | None
    image: str | None


class UserFollowed(Event, topic="user.followed", key="user_id", sent_by=AUTH):
    """A user follows another one."""

    user_id: int
    version: int
    followed_id: int


class UserUnfollowed(Event, topic="user.unfollowed", key="user_id", sent_by=AUTH):
    """A user follows another one no more."""

    user_id: int
    version: int
    followed_id: int


class UserRecord(Model):
    """A user as of a version, with everybody whom that user follows."""

    user_id: int
    version: int
    username: str
    bio: str | None
    image: str | None
    following: list[int]


class LookUpUser(Request[UserRecord], topic="user.lookup"):
    """Ask for a user by id, or else by name; NotFoundError when there is none."""

    user_id: int | None = None
    username: str | None = None
