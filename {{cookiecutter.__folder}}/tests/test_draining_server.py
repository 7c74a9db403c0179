"""The server's pause between SIGTERM and its end."""

import signal

import pytest
from uvicorn import Config

from app.core.drain import Drain, is_draining
from app.core.draining_server import DrainingServer, choose_pause


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> DrainingServer:
    monkeypatch.setattr(Drain, "began_at", None)
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    server = DrainingServer(Config("app.main:app"), grace=30)
    server.started = True
    return server


@pytest.mark.parametrize(("grace", "pause"), [(3, 0.5), (12, 2), (30, 5), (600, 5)])
def test_the_pause_is_a_part_of_the_grace_period(grace: float, pause: float) -> None:
    assert choose_pause(grace) == pause


def test_the_pause_and_the_requests_share_the_grace_period(server: DrainingServer) -> None:
    assert server.config.timeout_graceful_shutdown == 25


async def test_sigterm_ends_readiness_at_once_and_serving_later(
    server: DrainingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.handle_exit(signal.SIGTERM, None)
    assert is_draining()
    assert not await server.on_tick(1)
    monkeypatch.setattr("time.monotonic", lambda: 104.9)
    assert not await server.on_tick(2)
    monkeypatch.setattr("time.monotonic", lambda: 105.0)
    assert await server.on_tick(3)


async def test_a_second_sigterm_changes_nothing(
    server: DrainingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.handle_exit(signal.SIGTERM, None)
    monkeypatch.setattr("time.monotonic", lambda: 104.0)
    server.handle_exit(signal.SIGTERM, None)
    assert not await server.on_tick(1)
    monkeypatch.setattr("time.monotonic", lambda: 105.0)
    assert await server.on_tick(2)


async def test_ctrl_c_ends_at_once(server: DrainingServer) -> None:
    server.handle_exit(signal.SIGINT, None)
    assert await server.on_tick(1)


async def test_what_serves_nothing_yet_ends_at_once(server: DrainingServer) -> None:
    server.started = False
    server.handle_exit(signal.SIGTERM, None)
    assert not is_draining()
    assert await server.on_tick(1)
