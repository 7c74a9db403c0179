"""Requests that may come twice and are answered once: the Idempotency-Key header.

See https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/.
"""

import hashlib
# {% if cookiecutter.database == "none" %}
from types import TracebackType
# {% endif %}
from typing import Annotated

from fastapi import Depends, Header, Request, Response
# {% if cookiecutter.database != "none" %}
from sqlalchemy.exc import IntegrityError
# {% endif %}

# {% if cookiecutter.database != "none" %}
from app.core.errors import ConflictError, TransactionConflictError
from app.services.tokens import Caller
from app.tables import KeptAnswer
from app.web.bearer import KnownCaller
from app.web.routing import AnsweredError, Attempt
from app.web.units import Unit
# {% endif %}
# {% if cookiecutter.database == "none" %}
from app.core.config import CoreSettings
from app.core.errors import ConflictError, UnavailableError
from app.services.tokens import Caller
from app.utils.base_model import Model
from app.utils.cache import Cache
from app.web.bearer import KnownCaller
from app.web.routing import AnsweredError, Attempt
# {% endif %}

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="A random value: the same request with the same key is answered once.",
        examples=["0c9aa3a5-6f0c-4a0e-9a3e-bb2a44cc4b5b"],
    ),
]
KEPT_HEADERS = ("content-type", "etag", "location")


def hash_key(request: Request, caller: Caller | None, key: str) -> str:
    """Return what the key is kept by: nobody meets the answers to another caller or route."""
    parts = (request.method, request.url.path, caller.subject if caller else "", key)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


async def hash_request(request: Request) -> str:
    """Return what tells the request from another one with the same key."""
    query = request.url.query.encode()
    return hashlib.sha256(query + b"\n" + await request.body()).hexdigest()


def keep_headers(response: Response) -> dict[str, str]:
    """Return the headers that belong to the answer itself."""
    return {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}


def replay(asked: str, kept: str, response: Response) -> AnsweredError:
    """Return the kept answer, to be raised; raises ConflictError when something else was asked."""
    if asked != kept:
        raise ConflictError("this Idempotency-Key came before with another request")
    response.headers["idempotent-replayed"] = "true"
    return AnsweredError(response)


# {% if cookiecutter.database != "none" %}
async def keep_answer(request: Request, uow: Unit, caller: KnownCaller, key: Key = None) -> None:
    """Keep the answer in the transaction of its effects; answer a known key from there.

    A second request that comes while the first is at work waits for its commit. Answers are kept
    for a day. Raises ConflictError when the key came before with another request.
    """
    if key is None:
        return
    name, asked = hash_key(request, caller, key), await hash_request(request)
    kept = await uow.session.get(KeptAnswer, name)
    if kept is not None:
        answer = Response(kept.body, kept.status or 500, kept.headers)
        raise replay(asked, kept.request, answer)
    row = KeptAnswer(key=name, request=asked)
    uow.session.add(row)
    try:
        await uow.session.flush()
    except IntegrityError as error:
        # Somebody was a moment faster: the next attempt finds the answer.
        raise TransactionConflictError("the same request is being answered") from error
    attempt: Attempt = request.state.attempt

    async def record() -> None:
        if attempt.response is not None:
            row.status = attempt.response.status_code
            row.headers = keep_headers(attempt.response)
            row.body = bytes(attempt.response.body)

    # Closed before the unit of work, which was opened before it.
    attempt.push_async_callback(record)


# {% endif %}
# {% if cookiecutter.database == "none" %}
KEEP_SECONDS = 86_400.0
# How much longer than any request may last its key is taken: it must not be answered twice.
MARGIN_SECONDS = 30.0


class KeptAnswer(Model):
    """The answer to a request, and a hash of what was asked."""

    request: str
    status: int
    headers: dict[str, str]
    body: str


async def keep_answer(request: Request, caller: KnownCaller, key: Key = None) -> None:
    """Keep the answer for a day; answer a known key from there.

    Raises ConflictError when the key came before with another request, or is being answered, and
    UnavailableError when there is no place to keep it: without one, twice could not be noticed.
    """
    if key is None:
        return
    cache: Cache = request.state.opened[Cache]
    name, asked = f"answer:{hash_key(request, caller, key)}", await hash_request(request)
    attempt: Attempt = request.state.attempt
    pending = request.state.opened[CoreSettings].http.request_seconds + MARGIN_SECONDS
    if not await attempt.enter_async_context(cache.lock(name, ttl=pending)):
        if not cache.available:
            raise UnavailableError("there is no place to keep the answer, try again later")
        raise ConflictError("the same request is being answered")
    kept = await cache.get(name, KeptAnswer)
    if kept is not None:
        answer = Response(kept.body, kept.status, kept.headers)
        raise replay(asked, kept.request, answer)

    async def record(
        kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        response = attempt.response
        if kind is None and response is not None:
            kept = KeptAnswer(
                request=asked,
                status=response.status_code,
                headers=keep_headers(response),
                body=bytes(response.body).decode(),
            )
            await cache.set(name, kept, ttl=KEEP_SECONDS)

    # Closed after what the route opens: an answer that could not be given is not kept.
    attempt.push_async_exit(record)


# {% endif %}
Idempotent = Depends(keep_answer)
"""For a route's `dependencies`: with an Idempotency-Key it is answered once."""
