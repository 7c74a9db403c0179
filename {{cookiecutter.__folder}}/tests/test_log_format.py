"""Log lines: JSON with fields and the trace that they belong to."""

import json
import logging

import pytest

from app.core.config import ServiceSettings
from app.core.log_context import log_context
from app.core.log_format import JsonFormatter, format_time
from app.core.tracing import follow_trace
from app.utils.logger import Logger


def format_last(caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    line = JsonFormatter(ServiceSettings(name="shop", version="7")).format(caplog.records[-1])
    assert "\n" not in line
    fields: dict[str, object] = json.loads(line)
    return fields


def test_a_line_has_the_message_and_the_fields_beside_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        Logger("app.test").info("item created", item_id=7)
    line = format_last(caplog)
    assert line["message"] == "item created"
    assert line["item_id"] == 7
    assert line["service"] == "shop"
    assert line["version"] == "7"
    assert line["level"] == "info"


def test_a_line_has_the_trace_that_it_belongs_to(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), follow_trace(f"00-{'a' * 32}-{'b' * 16}-01"):
        Logger("app.test").info("in a trace")
        assert format_last(caplog)["trace_id"] == "a" * 32


def test_a_line_has_what_is_said_of_the_work_that_it_belongs_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    token = log_context.set({"request_id": "r-1"})
    try:
        with caplog.at_level(logging.INFO):
            Logger("app.test").info("in a request")
        assert format_last(caplog)["request_id"] == "r-1"
    finally:
        log_context.reset(token)


def test_secrets_are_hidden_in_fields_messages_and_errors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = "scheme://me:hunter2@server/"
    try:
        raise RuntimeError(f"cannot reach {url}")
    except RuntimeError:
        Logger("app.test").exception(f"lost {url}", url=url, login={"Password": "hunter2"})
    line = format_last(caplog)
    assert line["login"] == {"Password": "***"}
    assert "hunter2" not in str(line)
    assert line["message"] == "lost scheme://me:***@server/"


def test_a_line_for_several_places_is_made_once(caplog: pytest.LogCaptureFixture) -> None:
    formatter = JsonFormatter(ServiceSettings(name="shop"))
    Logger("app.test").warning("once")
    record = caplog.records[-1]
    assert formatter.format(record) is formatter.format(record)


def test_an_exception_is_one_line_too(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise RuntimeError("broken\nin two")
    except RuntimeError:
        Logger("app.test").exception("failed")
    assert "RuntimeError: broken" in str(format_last(caplog)["error"])


@pytest.mark.parametrize("value", ["\ud800", b"\xff", {1: {2}}, float("nan"), object()])
def test_a_value_that_is_no_json_is_a_line_all_the_same(
    caplog: pytest.LogCaptureFixture, value: object
) -> None:
    with caplog.at_level(logging.INFO):
        Logger("app.test").info("strange", value=value)
    assert format_last(caplog)["message"] == "strange"


def test_a_line_has_its_moment_in_utc_with_milliseconds() -> None:
    assert format_time(1767225600.0069) == "2026-01-01T00:00:00.006+00:00"
