"""Refuse routes whose path takes more than one form of a value, when the service starts.

One thing has one address: `01` is no second one of `1`.
"""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, BeforeValidator, PlainValidator, WrapValidator
from starlette.convertors import FloatConvertor, IntegerConvertor, UUIDConvertor
from starlette.routing import compile_path

from app.utils.base_model import LOOSE, Form

# Plain types that take more than one form in a path, and what to write instead.
PLAIN = {
    int: "NumberId of app.web.ids",
    UUID: "UuidId of app.web.ids",
    **{loose: f"{strict} of app.utils.base_model" for loose, strict in LOOSE.items()},
}
# These see the text itself, and so can refuse a second form of it.
READERS = (BeforeValidator, PlainValidator, WrapValidator, Form)
CONVERTORS = (IntegerConvertor, FloatConvertor, UUIDConvertor)


def check_path_parameters(app: FastAPI) -> None:
    """Check the paths of all routes; raises TypeError for a parameter that takes several forms."""
    for route in iter_route_contexts(app.routes):
        for dependant in list_dependants(getattr(route, "dependant", None)):
            for field in dependant.path_params:
                info = field.field_info
                for plain in find_plain(Annotated[info.annotation, *info.metadata, None]):
                    raise TypeError(
                        f"{describe_route(route)}: {field.name} is a plain {plain.__name__}, which "
                        f"takes more than one form: write {write_instead(plain)} instead"
                    )
        for name, convertor in compile_path(route.path or "")[2].items():
            if isinstance(convertor, CONVERTORS):
                raise TypeError(
                    f"{describe_route(route)}: the path converts {name}, which takes more than one "
                    f"form: write {name} there alone, and NumberId or UuidId of app.web.ids as its "
                    "type"
                )


def list_dependants(dependant: Any) -> Iterator[Any]:
    """Yield what a route declares, and what its dependencies do."""
    if dependant is not None:
        yield dependant
        for each in dependant.dependencies:
            yield from list_dependants(each)


def describe_route(route: Any) -> str:
    """Return what a route is called in an error, such as `GET /v1/items/{item_id}`."""
    return f"{', '.join(sorted(getattr(route, 'methods', None) or ['WebSocket']))} {route.path}"


def find_plain(hint: Any) -> Iterator[type]:
    """Yield the types in an annotation that take more than one form."""
    if get_origin(hint) is Annotated:
        kind, *metadata = get_args(hint)
        if not any(isinstance(each, READERS) for each in metadata):
            yield from find_plain(kind)
    elif named := getattr(hint, "__supertype__", None) or getattr(hint, "__value__", None):
        yield from find_plain(named)  # a NewType, or an alias
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        for field in hint.model_fields.values():
            yield from find_plain(Annotated[field.annotation, *field.metadata, None])
    elif isinstance(hint, type) and write_instead(hint):
        yield hint
    else:
        for each in get_args(hint):
            yield from find_plain(each)


def write_instead(kind: type) -> str | None:
    """Return what to write instead of a plain type, also of a class of whole numbers."""
    return None if kind is bool else next(filter(None, map(PLAIN.get, kind.__mro__)), None)
