"""A service does not start with a path that takes more than one form of a value."""

from datetime import date, datetime
from enum import IntEnum
from typing import Annotated, NewType
from uuid import UUID

import pytest
from fastapi import APIRouter, Depends, FastAPI, Path, Query, WebSocket
from pydantic import UUID4, BaseModel, BeforeValidator, PositiveInt

from app import main
from app.core.config import CoreSettings
from app.domain.settings import Settings
from app.utils.base_model import IsoDate
from app.web.ids import NumberId, UuidId
from app.web.path_parameters import check_path_parameters

Number = NewType("Number", int)


class Grade(IntEnum):
    """A choice of whole numbers, which are read from text as others are."""

    GOOD = 1


class Address(BaseModel):
    """Parameters of a path as one value."""

    thing: int


class GivenAddress(BaseModel):
    """Parameters of a path as one value, each with one form."""

    thing: NumberId


def add_route(app: FastAPI, kind: object) -> None:
    """Add a route whose path has a parameter of a type."""

    async def get(thing: object) -> None:
        """Take it."""

    get.__annotations__["thing"] = kind
    app.get("/test/{thing}")(get)


@pytest.mark.parametrize(
    ("kind", "instead"),
    [
        *((kind, "NumberId of app.web.ids") for kind in (int, PositiveInt, Number, Grade)),
        *((kind, "NumberId of app.web.ids") for kind in (int | None, str | int | None)),
        (Annotated[Annotated[int, Path(ge=1)], "a note"], "NumberId of app.web.ids"),
        (Annotated[int | None, Path(alias="thing")], "NumberId of app.web.ids"),
        *((kind, "UuidId of app.web.ids") for kind in (UUID, UUID4, UUID | None)),
        (date, "IsoDate of app.utils.base_model"),
        (datetime, "UtcDatetime of app.utils.base_model"),
    ],
)
def test_a_plain_type_in_a_path_is_refused(app: FastAPI, kind: object, instead: str) -> None:
    add_route(app, kind)
    with pytest.raises(TypeError, match="^GET /test/{thing}: thing is .* write " + instead):
        check_path_parameters(app)


@pytest.mark.parametrize(
    "kind",
    [
        *(NumberId, UuidId, IsoDate, str, bool, NumberId | None, UuidId | None),
        Annotated[NumberId, Path(ge=1)],
        Annotated[int, Path(), BeforeValidator(int)],
        Annotated[str, Path(pattern="^[0-9a-f-]{36}$")],
    ],
)
def test_a_type_of_one_form_is_accepted(app: FastAPI, kind: object) -> None:
    add_route(app, kind)
    check_path_parameters(app)


def test_parameters_that_are_taken_as_one_value_count(app: FastAPI) -> None:
    @app.get("/test/given/{thing}")
    async def get_given(address: Annotated[GivenAddress, Path()]) -> None:
        """Take what has one form."""

    check_path_parameters(app)

    @app.get("/test/{thing}")
    async def get(address: Annotated[Address, Path()]) -> None:
        """Take what has several."""

    with pytest.raises(TypeError, match=r"^GET /test/{thing}: address is a plain int"):
        check_path_parameters(app)


def test_plain_types_are_accepted_in_queries(app: FastAPI) -> None:
    @app.get("/test/things")
    async def get(number: int, thing: Annotated[UUID | None, Query()] = None) -> None:
        """Take both."""

    check_path_parameters(app)


def test_what_a_dependency_takes_from_the_path_counts(app: FastAPI) -> None:
    async def find(number: int) -> int:
        return number

    async def load(found: Annotated[int, Depends(find)]) -> int:
        return found

    @app.get("/test/{number}", dependencies=[Depends(load)])
    async def get() -> None:
        """Take what was found."""

    with pytest.raises(TypeError, match=r"^GET /test/{number}: number is a plain int"):
        check_path_parameters(app)


def test_routes_of_included_routers_and_web_sockets_count(app: FastAPI) -> None:
    router = APIRouter(prefix="/{number}")

    @router.websocket("/talk")
    async def talk(socket: WebSocket, number: int) -> None:
        """Talk about it."""

    app.include_router(router, prefix="/test")
    with pytest.raises(TypeError, match=r"^WebSocket /test/{number}/talk: number is a plain int"):
        check_path_parameters(app)


@pytest.mark.parametrize("convertor", ["int", "float", "uuid"])
def test_a_path_that_converts_is_refused(app: FastAPI, convertor: str) -> None:
    @app.get("/test/{thing:" + convertor + "}")
    async def get(thing: NumberId) -> None:
        """Take it."""

    with pytest.raises(TypeError, match=r"the path converts thing, .* write thing there alone"):
        check_path_parameters(app)


def test_a_path_within_a_path_is_accepted(app: FastAPI) -> None:
    @app.get("/test/{name:path}")
    async def get(name: str) -> None:
        """Take it."""

    check_path_parameters(app)


def test_the_service_does_not_start_with_such_a_route(
    core: CoreSettings, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = APIRouter()

    @router.get("/things/{number}")
    async def get(number: int) -> None:
        """Take it."""

    monkeypatch.setattr(main, "router", router)
    with pytest.raises(TypeError, match=r"^GET /things/{number}: number is a plain int"):
        main.create_app(core, settings)
