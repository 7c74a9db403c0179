"""Who looks, once all that they did in auth is known here too: one sees one's own changes."""

from contextlib import suppress
from typing import Annotated

from fastapi import Depends
from starlette.exceptions import HTTPException

from app.api.dependencies import Requests, SharedStore
from app.api.viewer import CHALLENGE, MaybeViewer, Person, Viewer
from app.api.views import ProfileView
from app.core.errors import NotFoundError, UnavailableError
from app.domain.contracts.users import LookUpUser
from app.domain.freshness import await_version
from app.domain.people import hearing
from app.domain.people.models import Person as KnownPerson
from app.services.requests import RequestClient
from app.shared import Store
from app.unit_of_work import UnitOfWorkFactory
from app.utils.logger import Logger
from app.utils.requests import RemoteError, ReplyTimeoutError
from app.web.units import Begin

logger = Logger(__name__)

OWNER = "auth"
REPLY_SECONDS = 2.0


class Acquaintance:
    """Knows people as auth does, by what it told or else by asking."""

    def __init__(self, begin: UnitOfWorkFactory, store: Store, requests: RequestClient) -> None:
        """Read and write in units of work of its own."""
        self._begin = begin
        self._store = store
        self._requests = requests

    async def meet(self, user_id: int) -> None:
        """Make sure that a user is known with all changes that they made so far.

        While auth does not answer, what is known has to do; raises UnavailableError when that is
        nothing.
        """
        heard = 0

        async def read_heard() -> int:
            nonlocal heard
            async with self._begin(read_only=True) as uow:
                heard = await hearing.read_heard(uow, user_id)
            return heard

        is_fresh = await await_version(self._store, OWNER, user_id, read_heard)
        if is_fresh and (heard or await read_heard()):
            return
        try:
            record = await self._requests.ask(LookUpUser(user_id=user_id), seconds=REPLY_SECONDS)
        except NotFoundError as error:
            raise HTTPException(401, "token: is invalid", CHALLENGE) from error
        except (RemoteError, ReplyTimeoutError, UnavailableError) as error:
            if not heard:
                raise UnavailableError("the service auth does not answer") from error
            logger.warning("auth does not answer", user_id=user_id, error=str(error))
            return
        async with self._begin() as uow:
            await hearing.hear_record(uow, record)


async def make_acquaintance(begin: Begin, store: SharedStore, requests: Requests) -> Acquaintance:
    """Return what gets to know people, by what this service has."""
    return Acquaintance(begin, store, requests)


Acquainted = Annotated[Acquaintance, Depends(make_acquaintance)]


async def know_viewer(viewer: Viewer, acquaintance: Acquainted) -> Person:
    """Return who looks; 401 without a token."""
    await acquaintance.meet(viewer.id)
    return viewer


async def know_maybe(viewer: MaybeViewer, acquaintance: Acquainted) -> int | None:
    """Return the id of who looks, if anybody in particular does."""
    if viewer is None:
        return None
    # What is open to everybody is open to those too of whom nothing is known yet.
    with suppress(UnavailableError):
        await acquaintance.meet(viewer.id)
    return viewer.id


# Ask for these before a unit of work: SQLite has one writer at a time.
KnownViewer = Annotated[Person, Depends(know_viewer)]
"""Who looks, for routes that need to know."""
ViewerId = Annotated[int | None, Depends(know_maybe)]
"""Who looks, for routes that are open to others too."""


def view_person(person: KnownPerson, *, following: bool) -> ProfileView:
    """Return a person as others see them."""
    return ProfileView(
        username=person.username, bio=person.bio, image=person.image, following=following
    )
