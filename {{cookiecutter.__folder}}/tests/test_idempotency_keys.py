"""The Idempotency-Key field: its form, and the errors of the draft."""

import asyncio
from collections import Counter
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

# {% if cookiecutter.database != "none" %}
from app.database import Database
from app.utils.container import Container
# {% endif %}
from app.web.idempotency import DRAFT, IdempotencyRequired, Idempotent
from app.web.routing import Router

pytestmark = pytest.mark.usefixtures("plain_problems")

UUID = "0c9aa3a5-6f0c-4a0e-9a3e-bb2a44cc4b5b"


@pytest.fixture
def effects(app: FastAPI) -> Counter[str]:
    """How often each route was at work."""
    router, effects = Router(), Counter[str]()

    @router.post("/test/optional", dependencies=[Idempotent])
    async def do() -> None:
        effects["optional"] += 1

    @router.post("/test/required", dependencies=[IdempotencyRequired])
    async def do_with_key() -> None:
        effects["required"] += 1

    app.include_router(router)
    return effects


async def post(client: AsyncClient, *keys: str, path: str = "optional") -> Response:
    headers = [("idempotency-key", key) for key in keys]
    return await client.post(f"/test/{path}", headers=headers)


def check_problem(answer: Response, status: int, title: str) -> None:
    """Check that an error says what it is, and where keys are documented."""
    assert answer.status_code == status
    problem = answer.json()
    assert problem["title"] == f"Idempotency-Key {title}"
    assert urlsplit(problem["type"]).fragment == "section-2.7"
    assert answer.headers["link"] == '</docs>; rel="describedby"'


@pytest.mark.usefixtures("effects")
async def test_without_a_page_of_its_own_the_service_names_the_draft(
    app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "openapi_url", None)
    answer = await post(client, "")
    assert answer.headers["link"] == f'<{DRAFT}>; rel="describedby"'


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f'"{UUID}"', f'"{UUID}"'),
        (f'"{UUID}"', UUID),
        (f'"{UUID}"', f'"{UUID}"; attempt=2'),
        (r'"a\"b\\c"', 'a"b\\c'),
        ('"' + "x" * 255 + '"', "x" * 255),
    ],
)
async def test_one_key_has_several_forms(
    client: AsyncClient, effects: Counter[str], first: str, second: str
) -> None:
    assert (await post(client, first)).status_code == 200
    assert (await post(client, second)).headers["idempotent-replayed"] == "true"
    assert effects["optional"] == 1


@pytest.mark.parametrize(
    "key",
    [
        "",
        '""',
        "x" * 256,
        '"' + "x" * 256 + '"',
        '"open',
        '"two" "strings"',
        '"one", "two"',
        '"a"b',
        r'"\n"',
        "caf\u00e9",
        '"caf\u00e9"',
        "tab\tted",
    ],
)
@pytest.mark.parametrize("path", ["optional", "required"])
async def test_a_key_that_is_none_is_pointed_at(
    client: AsyncClient, effects: Counter[str], key: str, path: str
) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    answer = await client.post(f"/test/{path}", headers=headers)
    check_problem(answer, 400, "cannot be read")
    assert [each["field"] for each in answer.json()["errors"]] == ["header.Idempotency-Key"]
    assert effects.total() == 0


async def test_two_keys_are_none(client: AsyncClient, effects: Counter[str]) -> None:
    check_problem(await post(client, '"one"', '"two"'), 400, "cannot be read")
    assert effects.total() == 0


async def test_a_route_can_require_a_key(client: AsyncClient, effects: Counter[str]) -> None:
    check_problem(await post(client, path="required"), 400, "is missing")
    assert effects["required"] == 0
    for _ in range(2):
        assert (await post(client, '"k1"', path="required")).status_code == 200
    assert effects["required"] == 1


async def test_the_document_says_which_routes_require_a_key(
    app: FastAPI, client: AsyncClient, effects: Counter[str]
) -> None:
    del client, effects
    paths = app.openapi()["paths"]
    required = {}
    for path in ("optional", "required"):
        [field] = [
            each
            for each in paths[f"/test/{path}"]["post"]["parameters"]
            if each["name"] == "Idempotency-Key"
        ]
        required[path] = field["required"]
        assert "for a day" in field["description"]
    assert required == {"optional": False, "required": True}


async def test_a_key_of_another_request_is_unusable(
    client: AsyncClient, effects: Counter[str]
) -> None:
    await post(client, '"k1"')
    answer = await client.post(
        "/test/optional?page=2", headers={"idempotency-key": '"k1"'}, content=b"x"
    )
    check_problem(answer, 422, "is already used")
    assert effects["optional"] == 1


class TestDuplicates:
    """A request that comes while the same one is at work."""

    @pytest.fixture
    def work(self, app: FastAPI) -> asyncio.Event:
        """Make a route whose work ends when the event is set."""
        router, end = Router(), asyncio.Event()
        self.begun = asyncio.Event()

        @router.post("/test/work", dependencies=[Idempotent])
        async def work() -> None:
            self.begun.set()
            await end.wait()

        app.include_router(router)
        return end

    async def test_it_is_told_to_come_again(self, client: AsyncClient, work: asyncio.Event) -> None:
        first = asyncio.create_task(post(client, '"k1"', path="work"))
        await self.begun.wait()
        for _ in range(5):
            answer = await post(client, '"k1"', path="work")
            check_problem(answer, 409, "is in use")
            assert answer.headers["retry-after"] == "1"
        work.set()
        assert (await first).status_code == 200
        assert (await post(client, '"k1"', path="work")).headers["idempotent-replayed"] == "true"
    # {% if cookiecutter.database != "none" %}

    async def test_it_takes_no_connection(
        self, client: AsyncClient, work: asyncio.Event, opened: Container
    ) -> None:
        database = opened[Database]
        first = asyncio.create_task(post(client, '"k1"', path="work"))
        await self.begun.wait()
        more = [asyncio.create_task(post(client, '"k1"', path="work")) for _ in range(20)]
        assert {each.status_code for each in await asyncio.gather(*more)} == {409}
        assert database.count_connections()[0] == 1
        work.set()
        await first
        assert database.count_connections()[0] == 0
    # {% endif %}

    async def test_one_with_another_key_is_not(
        self, client: AsyncClient, work: asyncio.Event
    ) -> None:
        first = asyncio.create_task(post(client, '"k1"', path="work"))
        await self.begun.wait()
        second = asyncio.create_task(post(client, '"k2"', path="work"))
        work.set()
        assert [each.status_code for each in await asyncio.gather(first, second)] == [200, 200]

    async def test_after_one_that_was_given_up_it_is_done(
        self, client: AsyncClient, work: asyncio.Event
    ) -> None:
        first = asyncio.create_task(post(client, '"k1"', path="work"))
        await self.begun.wait()
        first.cancel()
        await asyncio.wait({first})
        work.set()
        answer = await post(client, '"k1"', path="work")
        assert answer.status_code == 200
        assert "idempotent-replayed" not in answer.headers
