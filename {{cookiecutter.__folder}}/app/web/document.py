"""The OpenAPI document, with errors in the media type that they have."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

JSON = "application/json"


class DocumentedAPI(FastAPI):
    """An application that tells clients the truth about its errors."""

    def __init__(self, *, error_media_type: str, **options: Any) -> None:
        """Take what FastAPI takes, and the media type of errors."""
        self._error_media_type = error_media_type
        super().__init__(**options)

    def openapi(self) -> dict[str, Any]:
        """Return the document; FastAPI alone gives every answer of a route one media type."""
        document = super().openapi()
        for content in list_error_contents(document):
            if JSON in content:
                content[self._error_media_type] = content.pop(JSON)
        return document


def list_error_contents(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what the document says of the bodies of errors."""
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    yield response.get("content", {})
