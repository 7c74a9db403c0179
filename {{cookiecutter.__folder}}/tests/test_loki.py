"""Loki gets the log lines, and a Loki that is down costs no exception."""

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from app.core.config import ServiceSettings
from app.core.log_format import JsonFormatter
from app.core.loki import LokiQueueHandler

Push = tuple[str, dict[str, Any]]


@pytest.fixture
def pushes() -> Iterator[tuple[str, list[Push]]]:
    """Serve Loki's push endpoint; yield its address and what it was sent."""
    received: list[Push] = []

    class Loki(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.path, json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Loki) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def make_handler(url: str) -> LokiQueueHandler:
    handler = LokiQueueHandler(url, "shop")
    handler.setFormatter(JsonFormatter(ServiceSettings(name="shop")))
    return handler


def make_record(message: str, logger: str = "app.test") -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "name": logger, "levelname": "INFO"})


def test_loki_gets_every_line_before_the_handler_closes(pushes: tuple[str, list[Push]]) -> None:
    url, received = pushes
    handler = make_handler(url)
    for number in range(10):
        handler.handle(make_record(f"line {number}"))
    handler.close()
    lines = [push["streams"][0]["values"][0][1] for _, push in received]
    assert [json.loads(line)["message"] for line in lines] == [f"line {n}" for n in range(10)]
    assert {path for path, _ in received} == {"/loki/api/v1/push"}
    assert received[0][1]["streams"][0]["stream"]["service"] == "shop"


def test_what_the_sending_itself_logs_is_not_sent(pushes: tuple[str, list[Push]]) -> None:
    url, received = pushes
    handler = make_handler(url)
    handler.handle(make_record("connecting", logger="urllib3.connectionpool"))
    handler.close()
    assert received == []


def test_a_loki_that_is_down_costs_no_exception(capsys: pytest.CaptureFixture[str]) -> None:
    handler = make_handler("http://127.0.0.1:1")
    handler.handle(make_record("lost"))
    handler.close()
    handler.close()
    assert capsys.readouterr().err == ""
