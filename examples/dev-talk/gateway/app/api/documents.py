"""The OpenAPI document of the system, and a page that shows it."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from app.api.callers import check_caller
from app.resources import Resources

router = APIRouter(include_in_schema=False, dependencies=[Depends(check_caller)])


@router.get("/openapi.json")
async def get_document(request: Request) -> dict[str, Any]:
    """Return the document of the whole, without the services that do not answer now."""
    resources: Resources = request.state.opened[Resources]
    return await resources.documents.read(resources.upstreams)


@router.get("/docs", response_class=HTMLResponse)
async def get_page() -> HTMLResponse:
    """Return the page."""
    return get_swagger_ui_html(openapi_url="openapi.json", title="Dev Talk")
