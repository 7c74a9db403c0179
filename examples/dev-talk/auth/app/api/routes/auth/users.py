"""Registering, logging in, and the own profile."""

from typing import Annotated

from fastapi import Depends, Request, status
from fastapi.security.utils import get_authorization_scheme_param
from starlette.exceptions import HTTPException

from app.api.dependencies import SharedStore
from app.api.exceptions import problems
from app.api.routes.auth.answers import ServiceAnswers
from app.api.routes.auth.dependencies import (
    LimitedAddress,
    LoginAttempts,
    ServicePasswords,
    ServiceSessions,
)
from app.api.routes.auth.schemas import Login, Registration, SessionAnswer, UserAnswer, UserUpdate
from app.api.routing import Router
from app.api.viewer import Viewer
from app.domain.auth import endings, logins, tokens, users
from app.web.units import Begin, ReadUnit, Unit

router = Router(tags=["User and Authentication"])


@router.post(
    "/users",
    response_model=SessionAnswer,
    status_code=status.HTTP_201_CREATED,
    summary="Register",
    responses=problems(409, 429),
    dependencies=[LimitedAddress],
)
async def register(
    body: Registration,
    *,
    begin: Begin,
    store: SharedStore,
    passwords: ServicePasswords,
    sessions: ServiceSessions,
    answers: ServiceAnswers,
) -> SessionAnswer:
    """Add a user, who is logged in at once."""
    password_hash = await passwords.hash(body.user.password)
    async with begin() as uow:
        user = await users.register(
            uow,
            store,
            username=body.user.username,
            email=body.user.email,
            password_hash=password_hash,
        )
        # Before the commit: nobody is registered who cannot be told so.
        session = await sessions.begin(user.id)
    return await answers.begin(user, [], session)


@router.post(
    "/users/login",
    response_model=SessionAnswer,
    summary="Log in",
    responses=problems(401, 429),
    dependencies=[LimitedAddress],
)
async def log_in(
    request: Request,
    body: Login,
    *,
    begin: Begin,
    attempts: LoginAttempts,
    passwords: ServicePasswords,
    sessions: ServiceSessions,
    answers: ServiceAnswers,
) -> SessionAnswer:
    """Begin a session; a wrong password takes as long as an address that nobody has."""
    await attempts.check_account(request, body.user.email)
    try:
        user, roles = await logins.log_in(
            begin, passwords, email=body.user.email, password=body.user.password
        )
    except logins.WrongCredentialsError as error:
        raise HTTPException(401, str(error)) from error
    return await answers.begin(user, roles, await sessions.begin(user.id))


async def read_token(request: Request) -> str:
    """Return the token of a request that has been checked."""
    return get_authorization_scheme_param(request.headers["authorization"])[1]


PresentToken = Annotated[str, Depends(read_token)]


@router.get("/user", response_model=UserAnswer, summary="Get current user", responses=problems(401))
async def get_user(
    viewer: Viewer, uow: ReadUnit, token: PresentToken, answers: ServiceAnswers
) -> UserAnswer:
    """Return who is logged in; in the second half of the token's time with another one."""
    user = await users.get_user(uow, viewer.id)
    if tokens.is_half_over(viewer.claims):
        roles = await users.list_roles(uow, viewer.id)
        token = await answers.issue(viewer.id, viewer.session, roles)
    return answers.show(user, token)


@router.put(
    "/user",
    response_model=UserAnswer,
    summary="Update current user",
    responses=problems(401, 409),
)
async def change_user(
    body: UserUpdate,
    *,
    viewer: Viewer,
    uow: Unit,
    token: PresentToken,
    store: SharedStore,
    passwords: ServicePasswords,
    sessions: ServiceSessions,
    answers: ServiceAnswers,
) -> UserAnswer:
    """Change what is given; another password ends all other sessions."""
    changes = body.user.model_dump(exclude_unset=True)
    if password := changes.pop("password", None):
        changes["password_hash"] = await passwords.hash(password)
    user = await users.change(uow, store, viewer.id, changes)
    if password:
        others = await sessions.list_ids(viewer.id) - {viewer.session}
        endings.end_sessions(uow, sessions, viewer.id, others)
    return answers.show(user, token)
