"""Comments as clients send and receive them."""

from typing import Annotated

from pydantic import Field

from app.api.people import view_person
from app.api.views import Form, Moment, ProfileView, Text
from app.domain.comments.listing import ListedComment
from app.domain.comments.models import Comment
from app.domain.people.models import Person
from app.utils.base_model import Model

LONGEST_BODY = 10_000


class NewComment(Form):
    """A comment to be made, or what becomes of one."""

    body: Annotated[Text, Field(max_length=LONGEST_BODY, examples=["It takes a dragon."])]


class NewCommentRequest(Form):
    """A request to comment, or to change a comment."""

    comment: NewComment


class CommentView(Model):
    """A comment."""

    id: int
    created_at: Moment = Field(alias="createdAt")
    updated_at: Moment = Field(alias="updatedAt")
    body: str
    author: ProfileView


class SingleComment(Model):
    """The answer with one comment."""

    comment: CommentView


class MultipleComments(Model):
    """The answer with the comments of an article."""

    comments: list[CommentView]


def view_comment(
    comment: Comment | ListedComment, author: Person, *, following: bool
) -> CommentView:
    """Return a comment as its reader sees it."""
    return CommentView(
        id=comment.id,
        created_at=comment.created_at,
        updated_at=comment.updated_at,
        body=comment.body,
        author=view_person(author, following=following),
    )
