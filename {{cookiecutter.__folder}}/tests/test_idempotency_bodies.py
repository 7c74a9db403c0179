"""Idempotency keys of requests with any body, and of answers of any kind."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from fastapi import BackgroundTasks, FastAPI, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from httpx import AsyncClient
from httpx import Response as Answer

# {% if cookiecutter.database != "none" %}
from app.core.errors import TransactionConflictError
# {% endif %}
from app.web.idempotency import Idempotent
from app.web.routing import Router

pytestmark = pytest.mark.usefixtures("plain_problems")

KEY = {"idempotency-key": '"k1"'}


@pytest.fixture
def effects() -> Counter[str]:
    """How often the route was at work."""
    return Counter()


@pytest.fixture
def router() -> Router:
    return Router()


class TestBodies:
    """What clients send, in every form."""

    @pytest.fixture(autouse=True)
    def routes(self, app: FastAPI, router: Router, effects: Counter[str]) -> None:
        @router.post("/test/form", dependencies=[Idempotent])
        async def take_form(name: str = Form()) -> str:
            effects["form"] += 1
            return name

        @router.post("/test/upload", dependencies=[Idempotent])
        async def take_upload(file: UploadFile, note: str = Form("")) -> int:
            effects["upload"] += 1
            return len(await file.read()) + len(note)

        @router.post("/test/files", dependencies=[Idempotent])
        async def take_files(files: Annotated[list[bytes], File()]) -> list[int]:
            effects["files"] += 1
            return [len(each) for each in files]

        @router.post("/test/stream", dependencies=[Idempotent])
        async def take_stream(request: Request) -> int:
            effects["stream"] += 1
            return sum([len(chunk) async for chunk in request.stream()])

        @router.post("/test/nothing", dependencies=[Idempotent])
        async def take_nothing() -> str:
            effects["nothing"] += 1
            return "done"

        app.include_router(router)

    async def test_a_form(self, client: AsyncClient, effects: Counter[str]) -> None:
        for _ in range(2):
            answer = await client.post("/test/form", data={"name": "lamp"}, headers=KEY)
            assert (answer.status_code, answer.json()) == (200, "lamp")
        other = await client.post("/test/form", data={"name": "chair"}, headers=KEY)
        assert (other.status_code, effects["form"]) == (422, 1)

    async def test_an_upload_whose_parts_are_told_apart_otherwise_each_time(
        self, client: AsyncClient, effects: Counter[str]
    ) -> None:
        content = b"--x\r\n" + bytes(range(256)) * 1000
        boundaries = set()
        for _ in range(2):
            answer = await client.post(
                "/test/upload", files={"file": content}, data={"note": "abc"}, headers=KEY
            )
            assert (answer.status_code, answer.json()) == (200, len(content) + 3)
            boundaries.add(answer.request.headers["content-type"])
        assert len(boundaries) == 2
        other = await client.post("/test/upload", files={"file": content + b"."}, headers=KEY)
        assert (other.status_code, effects["upload"]) == (422, 1)

    @pytest.mark.parametrize(
        "kind",
        [
            "text/plain; boundary*=idna''a",
            "multipart/form-data; boundary*=idna''a",
            "multipart/form-data; boundary*1=a; boundary*",
            "multipart/mixed; boundary=",
            "multipart",
            ";",
            "",
        ],
    )
    async def test_a_kind_of_content_that_nobody_can_read(
        self, client: AsyncClient, effects: Counter[str], kind: str
    ) -> None:
        for _ in range(2):
            headers = {**KEY, "content-type": kind}
            answer = await client.post("/test/stream", content=b"abc", headers=headers)
            assert (answer.status_code, answer.json()) == (200, 3)
        assert effects["stream"] == 1

    async def test_several_files(self, client: AsyncClient, effects: Counter[str]) -> None:
        for _ in range(2):
            files = [("files", b"one"), ("files", b"three")]
            answer = await client.post("/test/files", files=files, headers=KEY)
            assert answer.json() == [3, 5]
        assert effects["files"] == 1

    async def test_a_body_in_chunks(self, client: AsyncClient, effects: Counter[str]) -> None:
        async def send(*chunks: bytes) -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        for chunks in ([b"abc", b"def"], [b"abcdef"]):
            answer = await client.post("/test/stream", content=send(*chunks), headers=KEY)
            assert (answer.status_code, answer.json()) == (200, 6)
        assert effects["stream"] == 1

    async def test_a_body_in_chunks_that_is_too_large(
        self, client: AsyncClient, effects: Counter[str]
    ) -> None:
        async def send() -> AsyncIterator[bytes]:
            for _ in range(200):
                yield b"x" * 100_000

        answer = await client.post("/test/stream", content=send(), headers=KEY)
        assert (answer.status_code, effects["stream"]) == (413, 0)

    async def test_no_body(self, client: AsyncClient, effects: Counter[str]) -> None:
        for _ in range(2):
            assert (await client.post("/test/nothing", headers=KEY)).json() == "done"
        assert effects["nothing"] == 1

    async def test_bytes_that_are_no_text(self, client: AsyncClient, effects: Counter[str]) -> None:
        for _ in range(2):
            answer = await client.post("/test/stream", content=b"\x00\xff\xfe", headers=KEY)
            assert answer.json() == 3
        assert effects["stream"] == 1
    # {% if cookiecutter.database != "none" %}

    async def test_a_form_can_be_read_again_after_a_conflict(
        self, app: FastAPI, client: AsyncClient
    ) -> None:
        router, seen = Router(), list[bytes]()

        @router.post("/test/again", dependencies=[Idempotent])
        async def take(file: UploadFile) -> None:
            seen.append(await file.read())
            if len(seen) == 1:
                raise TransactionConflictError("others were faster")

        app.include_router(router)
        answer = await client.post("/test/again", files={"file": b"lamp"}, headers=KEY)
        assert (answer.status_code, seen) == (200, [b"lamp", b"lamp"])
    # {% endif %}


ANSWERS = {
    "bytes": Response(b"\x89PNG\xff\x00", media_type="image/png"),
    "text": HTMLResponse("<p>ä</p>", headers={"cache-control": "no-store"}),
    "nothing": Response(status_code=204),
    "an address": RedirectResponse("/elsewhere", status_code=303),
    "compressed bytes": Response(b"\x1f\x8b", headers={"content-encoding": "x-none"}),
    "an error": Response(json.dumps({"detail": "no"}), 402, media_type="application/json"),
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_an_answer_comes_again_as_it_was(
    app: FastAPI, router: Router, client: AsyncClient, effects: Counter[str], kind: str
) -> None:
    @router.post("/test/answer", dependencies=[Idempotent])
    async def answer() -> Response:
        effects[kind] += 1
        return ANSWERS[kind]

    app.include_router(router)
    first, second = [await client.post("/test/answer", headers=KEY) for _ in range(2)]
    assert effects[kind] == 1
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers.pop("idempotent-replayed") == "true"
    assert list_headers(second) == list_headers(first)


def list_headers(answer: Answer) -> list[tuple[str, str]]:
    """Return the headers that are not of this one request."""
    own = ("x-request-id", "traceparent")
    return sorted(each for each in answer.headers.multi_items() if each[0] not in own)


async def test_each_cookie_of_an_answer_comes_again(
    app: FastAPI, router: Router, client: AsyncClient
) -> None:
    @router.post("/test/answer", dependencies=[Idempotent])
    async def answer(response: Response, tasks: BackgroundTasks) -> None:
        response.set_cookie("one", "1")
        response.set_cookie("two", "2")
        tasks.add_task(list)

    app.include_router(router)
    for _ in range(2):
        again = await client.post("/test/answer", headers=KEY)
        assert [each.partition("=")[0] for each in again.headers.get_list("set-cookie")] == [
            "one",
            "two",
        ]
