"""The business logic of comments: what their authors do with them."""

from sqlalchemy import select

from app.core.errors import ForbiddenError, NotFoundError
from app.domain.comments.articles import ArticleNotFoundError
from app.domain.comments.models import Comment, CommentedArticle
from app.domain.contracts.comments import CommentChanged, CommentCreated, CommentDeleted
from app.unit_of_work import UnitOfWork
from app.utils.clock import now


class CommentNotFoundError(NotFoundError):
    """There is no such comment."""

    def __init__(self) -> None:
        """Say so in the words of the contract."""
        super().__init__("comment: not found")


class NotYourCommentError(ForbiddenError):
    """The comment is somebody else's."""

    def __init__(self) -> None:
        """Say so in the words of the contract."""
        super().__init__("comment: forbidden")


async def create_comment(uow: UnitOfWork, article_id: int, author_id: int, *, body: str) -> Comment:
    """Store a comment, and tell whoever listens; raises ArticleNotFoundError."""
    # Locked: an article that is deleted meanwhile takes this comment along, or comes first.
    there = select(CommentedArticle).filter_by(id=article_id, is_deleted=False)
    if await uow.session.scalar(there.with_for_update(read=True)) is None:
        raise ArticleNotFoundError
    moment = now()
    comment = Comment(
        article_id=article_id,
        author_id=author_id,
        body=body,
        created_at=moment,
        updated_at=moment,
    )
    uow.session.add(comment)
    await uow.session.flush()
    uow.emit(CommentCreated(comment_id=comment.id, article_id=article_id, author_id=author_id))
    return comment


async def get_comment_to_change(
    uow: UnitOfWork, article_id: int, comment_id: int, *, author_id: int | None
) -> Comment:
    """Return a comment for its author to change, or for anybody without an author.

    Raises CommentNotFoundError, and NotYourCommentError when it is another author's.
    """
    comment = await uow.session.get(Comment, comment_id, with_for_update=True)
    if comment is None or comment.article_id != article_id:
        raise CommentNotFoundError
    if author_id not in {None, comment.author_id}:
        raise NotYourCommentError
    return comment


async def change_comment(uow: UnitOfWork, comment: Comment, *, body: str) -> None:
    """Give a comment another text, and tell whoever listens."""
    comment.body, comment.updated_at = body, now()
    uow.emit(
        CommentChanged(
            comment_id=comment.id, article_id=comment.article_id, author_id=comment.author_id
        )
    )


async def delete_comment(uow: UnitOfWork, comment: Comment) -> None:
    """Delete a comment, and tell whoever listens."""
    await uow.session.delete(comment)
    uow.emit(
        CommentDeleted(
            comment_id=comment.id, article_id=comment.article_id, author_id=comment.author_id
        )
    )
