"""What every answer carries, and which pages may read it."""

import json
import logging
import sys

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from starlette.types import Message, Receive, Scope, Send

from app.core.config import CoreSettings
from app.core.log_format import JsonFormatter
from app.core.middleware import RequestContext
from app.core.tracing import current_trace
from app.utils.container import Container
from app.utils.logger import Logger
from tests.kit.http import open_nothing


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


async def test_answers_are_safe_in_a_browser(client: AsyncClient) -> None:
    headers = (await client.get("/health/live")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-cache"
    assert "strict-transport-security" not in headers


async def test_over_https_browsers_are_told_to_stay_there(client: AsyncClient) -> None:
    headers = (await client.get("https://test/health/live")).headers
    assert headers["strict-transport-security"] == "max-age=31536000"


async def test_secrets_of_a_request_are_not_logged(
    client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    # The test's own client logs whole URLs.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with caplog.at_level(logging.DEBUG):
        headers = {"authorization": "Bearer hunter2", "cookie": "session=hunter2"}
        await client.get("/nowhere?token=hunter2", headers=headers)
    fields = [vars(record) for record in caplog.records]
    assert [record.getMessage() for record in caplog.records] == ["request answered"]
    assert "hunter2" not in str(fields)


@pytest.mark.parametrize(
    ("path", "is_logged"),
    [
        ("/health/live", False),
        ("/metrics", False),
        ("/metricsummary", True),
        ("/metrics/all", True),
        ("/health/records", True),
        ("/health/live/x", True),
    ],
)
async def test_only_probes_are_quiet(
    client: AsyncClient, caplog: pytest.LogCaptureFixture, path: str, *, is_logged: bool
) -> None:
    with caplog.at_level(logging.INFO, logger="app.access"):
        await client.get(path)
    lines = [record.getMessage() for record in caplog.records if record.name == "app.access"]
    assert lines == ["request answered"] * is_logged


async def test_what_other_systems_say_of_a_trace_is_read_in_its_order(
    app: FastAPI, client: AsyncClient
) -> None:
    @app.get("/test/trace")
    async def tell() -> str:
        trace = current_trace()
        return trace.state if trace else "none"

    headers = [
        ("traceparent", f"00-{'a' * 32}-{'b' * 16}-01"),
        ("tracestate", "a=1,b=2"),
        ("tracestate", "c=3"),
    ]
    assert (await client.get("/test/trace", headers=headers)).json() == "a=1,b=2,c=3"


async def test_every_line_of_a_request_has_its_id(
    core: CoreSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        Logger("app.test").warning("inside")
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def ignore(_message: Message) -> None:
        """Send nothing."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(core.service))
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    headers = [(b"x-request-id", b"r-1")]
    request = {"type": "http", "scheme": "http", "method": "GET", "path": "/", "headers": headers}
    await RequestContext(answer)(request, receive, ignore)
    Logger("app.test").warning("outside")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    named = {line["message"]: line.get("request_id") for line in lines}
    assert named["inside"] == "r-1"
    assert named["outside"] is None


async def test_pages_of_other_origins_may_not_read_answers(client: AsyncClient) -> None:
    response = await client.get("/health/live", headers={"origin": "https://shop.test"})
    assert "access-control-allow-origin" not in response.headers


class TestWithOrigins:
    """CORS_ORIGINS names the pages that may."""

    @pytest.fixture(autouse=True)
    def origins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CORS_ORIGINS", "https://shop.test,https://admin.test")

    @pytest.mark.parametrize("path", ["/health/live", "/nowhere"])
    async def test_theirs_may_read_answers_and_errors(self, client: AsyncClient, path: str) -> None:
        response = await client.get(path, headers={"origin": "https://shop.test"})
        assert response.headers["access-control-allow-origin"] == "https://shop.test"
        assert "ETag" in response.headers["access-control-expose-headers"]

    async def test_others_may_not(self, client: AsyncClient) -> None:
        response = await client.get("/health/live", headers={"origin": "https://evil.test"})
        assert "access-control-allow-origin" not in response.headers

    async def test_browsers_may_ask_first(self, client: AsyncClient) -> None:
        headers = {"origin": "https://shop.test", "access-control-request-method": "PUT"}
        response = await client.options("/nowhere", headers=headers)
        assert response.status_code == 200
        assert "PUT" in response.headers["access-control-allow-methods"]
