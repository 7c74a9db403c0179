"""What those who are logged in get to know: themselves, with their tokens."""

from typing import Annotated

from fastapi import Depends, Response

from app.api.dependencies import ServiceSettings
from app.api.routes.auth.dependencies import Keys, ServiceSessions
from app.api.routes.auth.schemas import SessionAnswer, SessionUserView, UserAnswer, UserView
from app.domain.auth import tokens
from app.domain.auth.keys import Keyring
from app.domain.auth.models import User
from app.domain.auth.sessions import Session, Sessions
from app.domain.settings import Settings


class Answers:
    """Make the answers that hold tokens, which nobody may keep."""

    def __init__(self, keys: Keyring, settings: Settings, sessions: Sessions) -> None:
        """Sign with these keys."""
        self._keys = keys
        self._settings = settings
        self._sessions = sessions

    async def begin(self, user: User, roles: list[str], session: Session) -> SessionAnswer:
        """Return the answer that begins a session, or goes on with it."""
        token = await self.issue(user.id, session.id, roles)
        refresh_token = self._sessions.make_token(session)
        return SessionAnswer(
            user=SessionUserView(**describe(user), token=token, refresh_token=refresh_token)
        )

    def show(self, user: User, token: str) -> UserAnswer:
        """Return the answer that shows the user."""
        return UserAnswer(user=UserView(**describe(user), token=token))

    async def issue(self, user_id: int, session_id: str, roles: list[str]) -> str:
        """Return an access token."""
        return await tokens.issue(
            self._keys, self._settings, user_id=user_id, session=session_id, roles=roles
        )


def describe(user: User) -> dict[str, str | None]:
    """Return what a user sees of their own."""
    return {name: getattr(user, name) for name in ("email", "username", "bio", "image")}


async def make_answers(
    keys: Keys, settings: ServiceSettings, sessions: ServiceSessions, response: Response
) -> Answers:
    """Return what makes the answers of a request."""
    response.headers["cache-control"] = "no-store"
    return Answers(keys, settings, sessions)


ServiceAnswers = Annotated[Answers, Depends(make_answers)]
