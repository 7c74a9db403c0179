"""What the management port serves beside health and metrics: documents, and the build."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse

from app.core.config import ServiceSettings


def make_document_pages(public: FastAPI, service: ServiceSettings) -> APIRouter:
    """Return the routes of the public API's document, and of what the service was built from."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def get_document() -> dict[str, Any]:
        return public.openapi()

    def add_page(path: str, make_page: Callable[..., HTMLResponse]) -> None:
        # Beside it, whatever a proxy puts before both.
        page = make_page(openapi_url="openapi.json", title=public.title)

        @router.get(path, response_class=HTMLResponse)
        async def get_page() -> HTMLResponse:
            return page

    add_page("/docs", get_swagger_ui_html)
    add_page("/redoc", get_redoc_html)

    @router.get("/info")
    async def get_info() -> dict[str, str | None]:
        return service.describe_build()

    return router
