"""What the users' part does when others ask over the broker, and by the clock."""

from app.domain.auth import keys, profiles, users
from app.domain.auth.sessions import Sessions
from app.domain.contracts.sessions import SessionRevoked
from app.domain.contracts.users import LookUpUser, UserRecord
from app.domain.settings import Settings
from app.resources import Resources
from app.unit_of_work import UnitOfWork
from app.utils.consumer import Consumer
from app.utils.jobs import Worker


def register(consumer: Consumer) -> None:
    """Add the handlers of this part."""
    consumer.answer(LookUpUser, timeout=5)(look_up_user)
    consumer.on(SessionRevoked)(end_session)


def schedule(worker: Worker) -> None:
    """Add the jobs of this part."""
    worker.every(seconds=3600)(rotate_signing_keys)


async def look_up_user(request: LookUpUser, uow: UnitOfWork) -> UserRecord:
    """Return a user with everybody whom that user follows."""
    if request.user_id is not None:
        user = await users.get_user(uow, request.user_id)
    else:
        user = await users.find_user(uow, request.username or "")
    return await profiles.describe_all(uow, user)


async def end_session(event: SessionRevoked, resources: Resources, settings: Settings) -> None:
    """End the session in the shared store, if that did not answer when it was to end."""
    await Sessions(resources.store, settings).end(event.session_id, event.user_id)


async def rotate_signing_keys(uow: UnitOfWork, settings: Settings) -> None:
    """Replace the key that tokens are signed with when it has become old."""
    await keys.rotate_keys(uow, settings)
