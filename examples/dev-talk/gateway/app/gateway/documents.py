"""The OpenAPI documents of the services, and the one that is made of them."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

from multidict import CIMultiDict

from app.core.errors import UnavailableError
from app.gateway.upstream import UnusableAnswerError, Upstream
from app.utils.requests import ReplyTimeoutError

PREFIX = "/api/"
PATH = "/openapi.json"
SCHEMAS = "#/components/schemas/"
OK = 200
LARGEST_BYTES = 2_000_000
# It is asked of all services, whoever asks here; and one that comes back is seen soon.
KEPT_SECONDS = 10.0
Document = dict[str, Any]


class Documents:
    """Make one document of those of the services, at most once in ten seconds."""

    def __init__(self) -> None:
        """Read them when somebody asks."""
        self._turn = asyncio.Lock()
        self._kept: Document | None = None
        self._read_at = 0.0

    async def read(self, upstreams: Mapping[str, Upstream]) -> Document:
        """Return the document of the whole, without the services that do not answer now.

        Raises UnusableAnswerError when a service has a document that is none.
        """
        async with self._turn:
            if self._kept is None or monotonic() >= self._read_at + KEPT_SECONDS:
                documents = await asyncio.gather(*map(read_document, upstreams.values()))
                named = dict(zip(upstreams, documents, strict=True))
                self._kept = merge({name: each for name, each in named.items() if each})
                self._read_at = monotonic()
            return self._kept


async def read_document(upstream: Upstream) -> Document | None:
    """Return the document of a service, or None when it does not answer."""
    try:
        async with upstream.send("GET", PATH, CIMultiDict(), route=PATH) as answer:
            text = bytearray()
            async for part in upstream.read_parts(answer):
                text += part
                if len(text) > LARGEST_BYTES:
                    raise UnusableAnswerError("its document is too large")
            return check_document(text) if answer.status == OK else None
    except (UnavailableError, ReplyTimeoutError):
        return None


def check_document(text: bytes | bytearray) -> Document:
    """Return a document; raises UnusableAnswerError for what is none."""
    try:
        document = json.loads(text)
        for operations in document["paths"].values():
            dict(operations)
        for parts in document.get("components", {}).values():
            dict(parts)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise UnusableAnswerError("its document cannot be used") from None
    return dict(document)


def merge(documents: Mapping[str, Document]) -> Document:
    """Return one document with what is public of each."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Dev Talk",
            "version": "0.1.0",
            "description": "The RealWorld (Conduit) API. What goes beyond it is marked +. "
            f"Services that answer now: {', '.join(documents) or 'none'}.",
        },
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": {}},
    }
    parts = merged["components"]
    for name, document in documents.items():
        own = rename(name, document, parts["schemas"])
        for path, operations in own["paths"].items():
            if path.startswith(PREFIX):
                merged["paths"].setdefault(path, {}).update(operations)
        for kind, found in parts.items():
            found.update(own.get("components", {}).get(kind, {}))
    return merged


def rename(service: str, document: Document, taken: Mapping[str, Any]) -> Document:
    """Return a document whose schemas have no name that others have for something else."""
    text = json.dumps(document)
    for name in list_clashes(document, taken):
        text = text.replace(f'"{SCHEMAS}{name}"', f'"{SCHEMAS}{service}_{name}"')
        text = text.replace(f'"{name}": {{', f'"{service}_{name}": {{')
    renamed: Document = json.loads(text)
    return renamed


def list_clashes(document: Document, taken: Mapping[str, Any]) -> Iterator[str]:
    """Yield the schemas of a document that another one has differently."""
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if taken.get(name, schema) != schema:
            yield name
