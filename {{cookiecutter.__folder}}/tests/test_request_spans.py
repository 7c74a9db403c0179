"""The spans of requests: named by their route, failed with a 5xx, and without secrets."""

import pytest
from fastapi import APIRouter, FastAPI
from httpx import AsyncClient

from app.core.config import CoreSettings
from app.core.tracing import current_trace
from app.utils.container import Container
from tests.kit.http import open_nothing
from tests.kit.spans import RecordedSpans

TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.fixture(autouse=True)
def routes(app: FastAPI) -> None:
    router = APIRouter(prefix="/v9")

    @router.get("/things/{number}")
    async def get_thing(number: int) -> str:
        trace = current_trace()
        return f"{number} {trace.span_id if trace else ''}"

    @router.get("/broken")
    async def get_broken() -> None:
        raise RuntimeError("no")

    app.include_router(router)


async def test_a_request_is_a_span_named_by_its_route(
    spans: RecordedSpans, client: AsyncClient
) -> None:
    answer = await client.get("/v9/things/7?token=hunter2", headers={"traceparent": TRACEPARENT})
    span = spans.get("GET /v9/things/{number}")
    assert spans.read(span.name) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/v9/things/{number}",
        "url.path": "/v9/things/7",
        "url.scheme": "http",
    }
    assert span.kind.name == "SERVER"
    assert span.context.trace_id == int("a" * 32, 16)
    assert answer.json() == f"7 {span.context.span_id:016x}"
    assert "hunter2" not in span.to_json()


async def test_a_failure_is_told_once(spans: RecordedSpans, client: AsyncClient) -> None:
    assert (await client.get("/v9/broken")).status_code == 500
    span = spans.get("GET /v9/broken")
    assert not span.status.is_ok
    assert spans.read("GET /v9/broken")["error.type"] == "500"
    assert [event.name for event in span.events] == ["exception"]


async def test_what_the_caller_did_wrong_is_no_failure(
    spans: RecordedSpans, client: AsyncClient
) -> None:
    await client.get("/nowhere/7")
    assert spans.get("GET").status.is_ok
    assert "http.route" not in spans.read("GET")


@pytest.mark.parametrize("path", ["/health/live", "/metrics"])
async def test_probes_are_no_spans(spans: RecordedSpans, client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200
    assert spans.list() == ()


async def test_a_method_that_somebody_made_up_names_no_span(
    spans: RecordedSpans, client: AsyncClient
) -> None:
    await client.request("HUNTER2", "/v9/things/7")
    assert [span.name for span in spans.list()] == ["HTTP /v9/things/{number}"]
    assert spans.read("HTTP /v9/things/{number}")["http.request.method"] == "_OTHER"
