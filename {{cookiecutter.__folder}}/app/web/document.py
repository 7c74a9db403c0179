"""The OpenAPI document, with errors in the media type that they have."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from starlette.routing import compile_path

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
        for errors, media_types in list_errors(document):
            for media_type in media_types & errors.keys():
                errors[self._error_media_type] = errors.pop(media_type)
        return document

    def list_methods(self, path: str) -> list[str]:
        """Return the methods that the document has for a path, and HEAD where there is GET."""
        paths = self.openapi()["paths"]
        # One that has no parameters is itself, and none of those that it would fit too.
        methods: set[str] = set(paths.get(path, ()))
        if not methods:
            for template, operations in paths.items():
                if compile_path(template)[0].match(path):
                    methods.update(operations)
        if "get" in methods:
            methods.add("head")
        return sorted(map(str.upper, methods))


def list_errors(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], set[str]]]:
    """Yield what each error of a route contains, and the media types that it has from the route."""
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            contents = {
                status: response.get("content", {})
                for status, response in operation["responses"].items()
            }
            media_types = {JSON}.union(*(contents[each] for each in contents if each[0] == "2"))
            yield from ((contents[each], media_types) for each in contents if each[0] in "45")
