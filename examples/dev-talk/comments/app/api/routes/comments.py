"""The routes of comments."""

from functools import partial
from typing import Annotated

from fastapi import Depends, Path, status

from app.api.comment_views import (
    MultipleComments,
    NewCommentRequest,
    SingleComment,
    view_comment,
)
from app.api.commented_article import ArticleId
from app.api.dependencies import ServiceCache
from app.api.exceptions import problems
from app.api.people import KnownViewer, ViewerId
from app.api.routing import Router
from app.api.viewer import Person
from app.domain.comments import service
from app.domain.comments.listing import forget_comments, read_comments
from app.domain.comments.models import Comment
from app.domain.people.service import find_followed, find_people
from app.unit_of_work import UnitOfWork
from app.web.ids import NumberId
from app.web.units import Begin, Unit

MODERATE = "comments:moderate"

router = Router(prefix="/articles/{slug}/comments", tags=["Comments"])

CommentId = Annotated[NumberId, Path(alias="id", ge=1, lt=2**63, examples=[7])]


async def get_own_comment(
    viewer: KnownViewer,
    comment_id: CommentId,
    article_id: ArticleId,
    uow: Unit,
    cache: ServiceCache,
) -> Comment:
    """Return the comment of the path, if the viewer may change it; 404 and 403 otherwise."""
    author_id = None if viewer.may(MODERATE) else viewer.id
    uow.after_commit(partial(forget_comments, cache, article_id))
    return await service.get_comment_to_change(uow, article_id, comment_id, author_id=author_id)


OwnComment = Annotated[Comment, Depends(get_own_comment)]


@router.get(
    "",
    response_model=MultipleComments,
    summary="List comments",
    responses=problems(401, 404),
)
async def list_comments(
    viewer: ViewerId, article_id: ArticleId, begin: Begin, cache: ServiceCache
) -> MultipleComments:
    """Return the comments of the article, newest first."""
    comments = await read_comments(begin, cache, article_id)
    authors = {comment.author_id for comment in comments}
    async with begin(read_only=True) as uow:
        people = await find_people(uow, authors)
        followed = await find_followed(uow, viewer, authors)
    views = [
        view_comment(each, people[each.author_id], following=each.author_id in followed)
        for each in comments
    ]
    return MultipleComments(comments=views)


@router.post(
    "",
    response_model=SingleComment,
    status_code=status.HTTP_201_CREATED,
    summary="Comment on an article",
    responses=problems(401, 404),
)
async def create_comment(
    viewer: KnownViewer,
    body: NewCommentRequest,
    article_id: ArticleId,
    uow: Unit,
    cache: ServiceCache,
) -> SingleComment:
    """Store the comment and tell whoever listens, both or neither."""
    comment = await service.create_comment(uow, article_id, viewer.id, body=body.comment.body)
    uow.after_commit(partial(forget_comments, cache, article_id))
    return await view_one(uow, comment, viewer)


@router.put(
    "/{id}",
    response_model=SingleComment,
    summary="+ Change a comment",
    responses=problems(401, 403, 404),
)
async def change_comment(
    viewer: KnownViewer,
    body: NewCommentRequest,
    own: OwnComment,
    uow: Unit,
) -> SingleComment:
    """Give the comment another text."""
    await service.change_comment(uow, own, body=body.comment.body)
    return await view_one(uow, own, viewer)


@router.delete(
    "/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a comment",
    responses=problems(401, 403, 404),
)
async def delete_comment(own: OwnComment, uow: Unit) -> None:
    """Delete the comment."""
    await service.delete_comment(uow, own)


async def view_one(uow: UnitOfWork, comment: Comment, viewer: Person) -> SingleComment:
    """Return a comment as the viewer sees it."""
    await uow.session.flush()
    author_id = comment.author_id
    people = await find_people(uow, [author_id])
    followed = await find_followed(uow, viewer.id, [author_id])
    view = view_comment(comment, people[author_id], following=author_id in followed)
    return SingleComment(comment=view)
