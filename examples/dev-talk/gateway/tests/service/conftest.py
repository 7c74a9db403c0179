"""Services that stand behind the gateway in tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Services:
    """What stands behind the gateway: one server in the place of all three."""

    server: TestServer
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answer: Answer | None = None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer as the test says, else with what came."""
        self.requests.append(request)
        if self.answer is not None:
            return await self.answer(request)
        self.bodies.append(await request.read())
        return web.json_response({"path": request.raw_path}, headers={"x-own": "yes"})


class Endless:
    """An answer without an end, for as long as somebody takes it."""

    def __init__(self) -> None:
        """Begin none yet."""
        self.closed = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Send more and more."""
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 100_000)
                await asyncio.sleep(0.01)
        finally:
            self.closed.set()


@pytest.fixture
async def services(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    """Run them, where the gateway's settings say that they are."""
    del clean_environment
    application = web.Application(client_max_size=10**9)
    server = TestServer(application)
    found = Services(server)
    application.router.add_route("*", "/{path:.*}", found.serve)
    await server.start_server()
    for name in ("USERS_URL", "ARTICLES_URL", "COMMENTS_URL"):
        monkeypatch.setenv(name, str(server.make_url("")))
    yield found
    await server.close()
