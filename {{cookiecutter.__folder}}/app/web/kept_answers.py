"""Where answers to requests with an Idempotency-Key are kept."""

# {% if cookiecutter.database == "none" %}
from base64 import b64decode, b64encode
# {% endif %}
from dataclasses import dataclass
from typing import Annotated, Any

# {% if cookiecutter.database == "none" %}
from fastapi import Depends, Request, Response
# {% endif %}
# {% if cookiecutter.database != "none" %}
from fastapi import Depends, Response
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
# {% endif %}

# {% if cookiecutter.database != "none" %}
from app.core.errors import TransactionConflictError
from app.database_locks import try_lock
from app.tables import KeptAnswer
from app.web.routing import DeclaredRoute, RouteError
from app.web.units import Unit, begin_unit, get_begin
# {% endif %}
# {% if cookiecutter.database == "none" %}
from app.core.config import CoreSettings
from app.core.errors import UnavailableError
from app.utils.base_model import Model
from app.utils.cache import Cache
from app.web.routing import Attempt, DeclaredRoute
# {% endif %}

HeaderList = list[tuple[str, str]]


@dataclass(frozen=True)
class Found:
    """What was kept: a digest of what was asked, and the answer."""

    request: bytes
    response: Response


def list_headers(response: Response) -> HeaderList:
    """Return the headers of an answer, each as often as it is there."""
    headers = [tuple(part.decode("latin-1") for part in each) for each in response.raw_headers]
    return [(name, text) for name, text in headers if name != "content-length"]


def make_response(status: int, headers: HeaderList, body: bytes) -> Response:
    """Return an answer as it was kept."""
    response = Response(body, status)
    for name, text in headers:
        response.headers.append(name, text)
    return response


# {% if cookiecutter.database != "none" %}
class AnswerStore:
    """Keep answers for a day in the transaction of their effects: never one without the other."""

    def __init__(self, session: AsyncSession) -> None:
        """Keep them in the session's transaction."""
        self._session = session

    async def lock(self, name: bytes) -> bool:
        """Take a request in hand until its transaction has ended, without waiting for it."""
        return await try_lock(self._session, name)

    async def find(self, name: bytes) -> Found | None:
        """Return what was kept."""
        kept = await self._session.get(KeptAnswer, name)
        if kept is None:
            return None
        headers = [(header, text) for header, text in kept.headers]
        return Found(kept.request, make_response(kept.status, headers, kept.body))

    async def keep(self, name: bytes, asked: bytes, response: Response) -> None:
        """Keep an answer."""
        # What the route has changed may conflict too, which is told otherwise.
        await self._session.flush()
        self._session.add(
            KeptAnswer(
                key=name,
                request=asked,
                status=response.status_code,
                headers=list_headers(response),
                body=bytes(response.body),
            )
        )
        try:
            await self._session.flush()
        except IntegrityError as error:
            # A process that the lock did not reach was faster: the next attempt finds its answer.
            raise TransactionConflictError("the same request has been answered") from error


async def get_answers(uow: Unit) -> AnswerStore:
    """Return where the answer to a request is kept."""
    return AnswerStore(uow.session)


def check_units(route: DeclaredRoute, own: Any, name: str) -> None:
    """Raise RouteError for a route whose effects are not in the transaction of its answer."""
    asked = set(list_calls(route.dependant, own))
    if get_begin in asked and begin_unit not in asked:
        raise RouteError(
            f"{name}: Idempotent keeps the answer in the route's unit of work, and this route "
            "begins others: ask for Unit instead of Begin"
        )


def list_calls(dependant: Any, own: Any) -> list[Any]:
    """Return what a route asks for, without what units of work and answers ask for themselves."""
    calls: list[Any] = []
    for each in dependant.dependencies:
        calls.append(each.call)
        if each.call not in (own, begin_unit):
            calls += list_calls(each, own)
    return calls


# {% endif %}
# {% if cookiecutter.database == "none" %}
KEEP_SECONDS = 86_400.0
# How much longer than any request may last its key is taken: it must not be answered twice.
MARGIN_SECONDS = 30.0


class KeptAnswer(Model):
    """The answer to a request, and a hash of what was asked."""

    request: str
    status: int
    headers: HeaderList
    body: str
    """In base64: an answer may be of any bytes."""


class AnswerStore:
    """Keep answers for a day in Redis."""

    def __init__(self, cache: Cache, attempt: Attempt, *, seconds: float) -> None:
        """Keep them for requests that take so many seconds at most."""
        self._cache = cache
        self._attempt = attempt
        self._seconds = seconds + MARGIN_SECONDS

    async def lock(self, name: bytes) -> bool:
        """Take a request in hand until its attempt has ended, without waiting for it.

        Raises UnavailableError when there is no place to keep its answer: without one, twice could
        not be noticed.
        """
        lock = self._cache.lock(make_name(name), ttl=self._seconds)
        if await self._attempt.enter_async_context(lock):
            return True
        if not self._cache.available:
            raise UnavailableError("there is no place to keep the answer, try again later")
        return False

    async def find(self, name: bytes) -> Found | None:
        """Return what was kept."""
        kept = await self._cache.get(make_name(name), KeptAnswer)
        if kept is None:
            return None
        response = make_response(kept.status, kept.headers, b64decode(kept.body))
        return Found(bytes.fromhex(kept.request), response)

    async def keep(self, name: bytes, asked: bytes, response: Response) -> None:
        """Keep an answer."""
        kept = KeptAnswer(
            request=asked.hex(),
            status=response.status_code,
            headers=list_headers(response),
            body=b64encode(response.body).decode(),
        )
        await self._cache.set(make_name(name), kept, ttl=KEEP_SECONDS)


def make_name(name: bytes) -> str:
    """Return the key of an answer in the cache."""
    return f"answer:{name.hex()}"


async def get_answers(request: Request) -> AnswerStore:
    """Return where the answer to a request is kept."""
    seconds = request.state.opened[CoreSettings].http.request_seconds
    return AnswerStore(request.state.opened[Cache], request.state.attempt, seconds=seconds)


def check_units(route: DeclaredRoute, own: Any, name: str) -> None:
    """Accept every route: no transaction keeps its answer."""


# {% endif %}
Answers = Annotated[AnswerStore, Depends(get_answers)]
