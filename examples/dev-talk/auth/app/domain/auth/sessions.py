"""Sessions: where somebody is logged in, kept in the shared store and lengthened by refresh tokens.

A refresh token counts once. One that comes again later was stolen, or its bearer's successor was:
the session ends. It is not kept: it is computed from the session, its number and the secret.
"""

import hmac
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import uuid4

from pydantic import TypeAdapter

from app.domain.auth.settings import UserSettings
from app.shared import Store
from app.utils.clock import now

# A second tab, or an answer that was lost, may bring the token before this one so much later.
OVERLAP_SECONDS = 10
# Until then nobody takes a token of a session that has ended: clocks differ.
LEEWAY_SECONDS = 60


class SessionEndedError(RuntimeError):
    """The refresh token is not good, or not any more."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session as it is kept."""

    id: str
    user_id: int
    number: int
    """Which of its refresh tokens counts."""
    refreshed_at: float


KEPT = TypeAdapter(Session)


class Sessions:
    """Begin, refresh and end sessions; every method raises UnavailableError without the store."""

    def __init__(self, store: Store, settings: UserSettings) -> None:
        """Keep them in the store."""
        self._store = store
        self._secret = settings.session_secret.get_secret_value().encode()
        self._seconds = settings.session_days * 24 * 3600
        self.longest_token = settings.access_minutes * 60 + LEEWAY_SECONDS
        """For how many seconds an access token may still be around."""

    async def begin(self, user_id: int) -> Session:
        """Begin a session of a user."""
        session = Session(id=uuid4().hex, user_id=user_id, number=1, refreshed_at=now().timestamp())
        await self._store.write(name_session(session.id), write(session), ttl=self._seconds)
        await self._store.add(name_user(user_id), session.id, ttl=self._seconds)
        return session

    async def refresh(self, token: str) -> Session:
        """Return the session of a refresh token, which has another one from now on.

        Raises SessionEndedError; a token that came before ends the session of its successor.
        """
        session_id, number = self._read(token)
        for _ in range(2):
            [kept] = await self._store.read(name_session(session_id))
            if kept is None:
                break
            session = KEPT.validate_json(kept)
            moment = now().timestamp()
            if moment >= session.refreshed_at + self._seconds:
                break
            if number < session.number:
                if number == session.number - 1 and moment < session.refreshed_at + OVERLAP_SECONDS:
                    return session
                await self.end(session_id, session.user_id)
                break
            following = replace(session, number=number + 1, refreshed_at=moment)
            name = name_session(session_id)
            if await self._store.swap(name, kept, write(following), ttl=self._seconds):
                # As long as the longest of its members.
                await self._store.add(name_user(session.user_id), session_id, ttl=self._seconds)
                return following
        raise SessionEndedError("refreshToken: is invalid")

    async def end(self, session_id: str, user_id: int) -> None:
        """End a session: its refresh token, and the access tokens that are still around."""
        await self._store.write(name_revocation(session_id), "1", ttl=self.longest_token)
        await self._store.delete(name_session(session_id))
        await self._store.remove(name_user(user_id), session_id)

    async def list_ids(self, user_id: int) -> set[str]:
        """Return the sessions of a user."""
        return await self._store.list_members(name_user(user_id))

    def make_token(self, session: Session) -> str:
        """Return the refresh token of a session that counts now."""
        return f"{session.id}.{session.number}.{self._sign(session.id, session.number)}"

    def _read(self, token: str) -> tuple[str, int]:
        """Return the session of a token, and its number; raises SessionEndedError."""
        session_id, _, rest = token.partition(".")
        number, _, signature = rest.partition(".")
        is_number = number.isascii() and number.isdigit() and len(number) < len(str(2**63))
        if is_number and hmac.compare_digest(
            signature.encode(), self._sign(session_id, int(number)).encode()
        ):
            return session_id, int(number)
        raise SessionEndedError("refreshToken: is invalid")

    def _sign(self, session_id: str, number: int) -> str:
        return hmac.new(self._secret, f"refresh.{session_id}.{number}".encode(), sha256).hexdigest()


def write(session: Session) -> str:
    """Return a session as it is kept."""
    return KEPT.dump_json(session).decode()


def name_session(session_id: str) -> str:
    """Return the key of a session."""
    return f"session:{session_id}"


def name_user(user_id: int) -> str:
    """Return the key of a user's sessions."""
    return f"sessions:{user_id}"


def name_revocation(session_id: str) -> str:
    """Return the key that is there when tokens of a session count no more."""
    return f"revoked:{session_id}"
