"""Sessions: another access token, and logging out here or everywhere."""

from fastapi import status
from starlette.exceptions import HTTPException

from app.api.exceptions import problems
from app.api.routes.auth.answers import ServiceAnswers
from app.api.routes.auth.dependencies import LimitedAddress, ServiceSessions
from app.api.routes.auth.schemas import Refresh, SessionAnswer
from app.api.routing import Router
from app.api.viewer import Viewer
from app.domain.auth import endings, users
from app.domain.auth.sessions import SessionEndedError
from app.web.units import ReadUnit, Unit

router = Router(tags=["Sessions"])


@router.post(
    "/users/refresh",
    response_model=SessionAnswer,
    summary="+ Get another access token",
    responses=problems(401, 404, 429),
    dependencies=[LimitedAddress],
)
async def refresh(
    body: Refresh, uow: ReadUnit, sessions: ServiceSessions, answers: ServiceAnswers
) -> SessionAnswer:
    """Go on with a session; a refresh token counts once, and the same again ends the session."""
    try:
        session = await sessions.refresh(body.refresh_token)
    except SessionEndedError as error:
        raise HTTPException(401, str(error)) from error
    user = await users.get_user(uow, session.user_id)
    roles = await users.list_roles(uow, user.id)
    return await answers.begin(user, roles, session)


@router.delete(
    "/user/session",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="+ Log out here",
    responses=problems(401),
)
async def log_out(viewer: Viewer, uow: Unit, sessions: ServiceSessions) -> None:
    """End the session of the token that the request brings."""
    endings.end_sessions(uow, sessions, viewer.id, [viewer.session])


@router.delete(
    "/user/sessions",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="+ Log out everywhere",
    responses=problems(401),
)
async def log_out_everywhere(viewer: Viewer, uow: Unit, sessions: ServiceSessions) -> None:
    """End all sessions of the user who is logged in."""
    known = await sessions.list_ids(viewer.id)
    endings.end_sessions(uow, sessions, viewer.id, known | {viewer.session})
