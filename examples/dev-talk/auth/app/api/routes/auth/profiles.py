"""Profiles, and following."""

from app.api.dependencies import SharedStore
from app.api.exceptions import problems
from app.api.routes.auth.schemas import ProfileAnswer
from app.api.routing import Router
from app.api.viewer import MaybeViewer, Viewer
from app.api.views import ProfileView
from app.domain.auth import profiles, users
from app.domain.auth.models import User
from app.web.units import ReadUnit, Unit

router = Router(prefix="/profiles", tags=["Profile"])


@router.get(
    "/{username}",
    response_model=ProfileAnswer,
    summary="Get a profile",
    responses=problems(401, 404),
)
async def get_profile(username: str, viewer: MaybeViewer, uow: ReadUnit) -> ProfileAnswer:
    """Return a user as others see them."""
    user = await users.find_user(uow, username)
    following = await profiles.is_following(uow, viewer.id if viewer else None, user.id)
    return show(user, following=following)


@router.post(
    "/{username}/follow",
    response_model=ProfileAnswer,
    summary="Follow a user",
    responses=problems(401, 404),
)
async def follow(username: str, viewer: Viewer, uow: Unit, store: SharedStore) -> ProfileAnswer:
    """Follow a user; once is as good as twice."""
    return show(await profiles.follow(uow, store, viewer.id, username), following=True)


@router.delete(
    "/{username}/follow",
    response_model=ProfileAnswer,
    summary="Unfollow a user",
    responses=problems(401, 404),
)
async def unfollow(username: str, viewer: Viewer, uow: Unit, store: SharedStore) -> ProfileAnswer:
    """Follow a user no more."""
    return show(await profiles.unfollow(uow, store, viewer.id, username), following=False)


def show(user: User, *, following: bool) -> ProfileAnswer:
    """Return the answer that shows a user."""
    profile = ProfileView(
        username=user.username, bio=user.bio, image=user.image, following=following
    )
    return ProfileAnswer(profile=profile)
