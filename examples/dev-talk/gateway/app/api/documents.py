"""One OpenAPI document of the system, made of those of its services, and a page that shows it."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from multidict import CIMultiDict

from app.core.errors import UnavailableError
from app.gateway.upstream import Upstream
from app.resources import Resources
from app.utils.requests import ReplyTimeoutError

PREFIX = "/api/"
SCHEMAS = "#/components/schemas/"
OK = 200
Document = dict[str, Any]

router = APIRouter(include_in_schema=False)


async def get_upstreams(request: Request) -> Mapping[str, Upstream]:
    """Return the services behind this one."""
    resources: Resources = request.state.opened[Resources]
    return resources.upstreams


@router.get("/openapi.json")
async def get_document(
    upstreams: Annotated[Mapping[str, Upstream], Depends(get_upstreams)],
) -> Document:
    """Return the document of the whole, without the services that do not answer now."""
    documents = await asyncio.gather(*map(read_document, upstreams.values()))
    named = dict(zip(upstreams, documents, strict=True))
    return merge({name: document for name, document in named.items() if document})


@router.get("/docs", response_class=HTMLResponse)
async def get_page() -> HTMLResponse:
    """Return the page."""
    return get_swagger_ui_html(openapi_url="openapi.json", title="Dev Talk")


async def read_document(upstream: Upstream) -> Document | None:
    """Return the document of a service, or None when it does not answer."""
    try:
        async with upstream.send("GET", "/openapi.json", CIMultiDict()) as answer:
            document: Document = json.loads(await answer.read())
            return document if answer.status == OK else None
    except (UnavailableError, ReplyTimeoutError):
        return None


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
