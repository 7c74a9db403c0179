"""Requests that may come twice and are answered once: the Idempotency-Key header field.

As draft-ietf-httpapi-idempotency-key-header-08 says.
"""

import inspect
import re
from types import TracebackType
from typing import Annotated, Any, get_args

from fastapi import Depends, Header, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.services.tokens import Caller
from app.utils.identity import make_digest
from app.web.bearer import KnownCaller
from app.web.errors import RETRY_SECONDS, ProblemError
from app.web.kept_answers import Answers, AnswerStore, check_units
from app.web.path_parameters import describe_route
from app.web.routing import (
    AnsweredError,
    Attempt,
    DeclaredRoute,
    RouteDependency,
    RouteError,
    refuse_stream,
)

FIELD = "Idempotency-Key"
# A string of RFC 9651 with parameters, which mean nothing here, or the same without its quotes.
KEY_PATTERN = (
    r'^(?:"(?P<quoted>(?:[ !#-\[\]-~]|\\["\\]){1,255})"(?: *;[ -~]*)?'
    r"|(?P<bare>[!#-~][ -~]{0,254}))$"
)
KEY = re.compile(KEY_PATTERN)
EXPECTED = "a string of 1 to 255 visible ASCII characters, in double quotes"
DRAFT = "https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-08"
TYPE = f"{DRAFT}#section-2.7"
ABOUT = (
    "A random value, such as a UUID, in double quotes: the same request with the same key is done "
    "once, and its answer given again for a day."
)
FORM: dict[str, Any] = {
    "alias": FIELD,
    "pattern": KEY_PATTERN.replace("?P<quoted>", "?:").replace("?P<bare>", "?:"),
    "examples": ['"0c9aa3a5-6f0c-4a0e-9a3e-bb2a44cc4b5b"'],
}

Key = Annotated[str | None, Header(description=ABOUT, **FORM)]
RequiredKey = Annotated[str, Header(description=f"{ABOUT} 400 without it.", **FORM)]


class KeepAnswer(RouteDependency):
    """Answer a request once for its key, and keep the answer with what was done for it."""

    is_required = False

    def check_route(self, route: DeclaredRoute) -> None:
        """Raise RouteError for a route whose answer could not be kept."""
        if is_streamed(route):
            raise RouteError(refuse_stream(route))
        check_units(route, self, describe_route(route))

    async def prepare(self, request: Request) -> None:
        """Keep the bytes of the body, which are gone when they were parsed as a form.

        Raises ProblemError for a key that is missing or none.
        """
        keys = request.headers.getlist(FIELD)
        if not keys:
            if self.is_required:
                raise make_error(request, 400, "is missing", f"send {FIELD}: {EXPECTED}")
            return
        if len(keys) > 1 or not KEY.fullmatch(keys[0]):
            errors = [{"field": f"header.{FIELD}", "message": f"it is not {EXPECTED}"}]
            detail = f"{FIELD} is not one string"
            raise make_error(request, 400, "cannot be read", detail, errors=errors)
        try:
            request.state.body = await request.body()
        except ClientDisconnect as error:
            raise HTTPException(400, "the request was not sent to its end") from error

    async def _keep(
        self, request: Request, answers: AnswerStore, caller: Caller | None, key: str | None
    ) -> None:
        if key is None:
            return
        name, asked = hash_key(request, caller, key), hash_request(request)
        attempt: Attempt = request.state.attempt
        if not await answers.lock(name):
            headers = {"retry-after": str(RETRY_SECONDS)}
            detail = "the same request is being answered, send it again later"
            raise make_error(request, 409, "is in use", detail, headers=headers)
        kept = await answers.find(name)
        if kept is not None:
            if kept.request != asked:
                detail = "the key came before with another request, take a new one"
                raise make_error(request, 422, "is already used", detail)
            kept.response.headers["idempotent-replayed"] = "true"
            raise AnsweredError(kept.response)
        attempt.keeps_answer = True

        async def record(
            kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
        ) -> None:
            if kind is None and attempt.response is not None:
                await answers.keep(name, asked, attempt.response)

        attempt.push_async_exit(record)


class KeepAnswerIfAsked(KeepAnswer):
    """Answer once each request that has a key."""

    async def __call__(
        self, request: Request, answers: Answers, caller: KnownCaller, key: Key = None
    ) -> None:
        """Answer from what was kept, or keep the answer."""
        await self._keep(request, answers, caller, key)


class KeepEachAnswer(KeepAnswer):
    """Answer each request once, and refuse those without a key."""

    is_required = True

    async def __call__(
        self, request: Request, answers: Answers, caller: KnownCaller, key: RequiredKey
    ) -> None:
        """Answer from what was kept, or keep the answer."""
        await self._keep(request, answers, caller, key)


def make_error(
    request: Request,
    status: int,
    title: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **members: Any,
) -> ProblemError:
    """Return an error that says where keys are documented, as the draft asks for."""
    link = f'<{find_documentation(request)}>; rel="describedby"'
    return ProblemError(
        status,
        detail,
        headers={"link": link, **(headers or {})},
        type=TYPE,
        title=f"{FIELD} {title}",
        **members,
    )


def find_documentation(request: Request) -> str:
    """Return where keys are documented: here, or in the draft when the service shows no page."""
    if request.app.openapi_url is None:
        return DRAFT
    page = request.app.docs_url or request.app.openapi_url
    return f"{request.scope.get('root_path', '').rstrip('/')}{page}"


def read_key(header: str) -> str:
    """Return the key that a header holds: the same with quotes and without."""
    found = KEY.fullmatch(header)
    if found is None:
        raise ValueError(f"{header!r} is not {EXPECTED}")
    quoted = found["quoted"]
    return found["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def hash_key(request: Request, caller: Caller | None, key: str) -> bytes:
    """Return what the key is kept by: nobody meets the answers to another caller or route."""
    # As it is routed: a URL that is made of it ends at a "?" that was escaped in it.
    path = request.scope["path"]
    return make_digest(request.method, path, caller.subject if caller else None, read_key(key))


def hash_request(request: Request) -> bytes:
    """Return what tells the request from another one with the same key: its query and bytes."""
    body: bytes = request.state.body
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind.startswith(b"multipart/") and (boundary := options.get(b"boundary")):
        # Clients draw another one each time that they send the same form.
        body = body.replace(b"--" + boundary, b"--")
    return make_digest(request.scope["query_string"], body)


def is_streamed(route: DeclaredRoute) -> bool:
    """Tell whether a route declares that its answer streams or is a file."""
    endpoint: Any = inspect.unwrap(route.endpoint or Response)
    try:
        returned = inspect.signature(endpoint, eval_str=True).return_annotation
    except NameError:
        # It is known to type checkers alone.
        returned = None
    response_class: Any = route.response_class
    kinds = (getattr(response_class, "value", response_class), *list_kinds(returned))
    return (
        inspect.isasyncgenfunction(endpoint)
        or inspect.isgeneratorfunction(endpoint)
        or any(issubclass(kind, StreamingResponse | FileResponse) for kind in kinds)
    )


def list_kinds(annotation: Any) -> list[type]:
    """Return the classes that an annotation names."""
    if isinstance(annotation, type):
        return [annotation]
    return [kind for each in get_args(annotation) for kind in list_kinds(each)]


Idempotent = Depends(KeepAnswerIfAsked())
"""For a route's `dependencies`: a request with an Idempotency-Key is answered once."""
IdempotencyRequired = Depends(KeepEachAnswer())
"""As `Idempotent`, and 400 for a request without a key."""
