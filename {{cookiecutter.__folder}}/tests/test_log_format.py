"""Log lines: JSON with fields and the trace that they belong to."""

import json
import logging
from decimal import Decimal

import pytest

from app.core.config import ServiceSettings
from app.core.log_context import log_context
from app.core.log_format import JsonFormatter, TerminalFormatter, format_time, write_line
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


def test_a_field_takes_the_place_of_nothing_that_each_line_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken = ("time", "level", "service", "version", "logger", "message", "request_id", "trace_id")
    fields: dict[str, object] = dict.fromkeys((*taken, "item_id"), "mine")
    fields |= {"level": "info"}
    token = log_context.set({"request_id": "r-1", "time": "never"})
    try:
        with caplog.at_level(logging.INFO), follow_trace(f"00-{'a' * 32}-{'b' * 16}-01"):
            logging.getLogger("app.test").info("item created", extra={"fields": fields})
            line = format_last(caplog)
    finally:
        log_context.reset(token)
    assert [line[name] for name in taken if line[name] == "mine"] == []
    assert (line["message"], line["item_id"]) == ("item created", "mine")
    assert {line[f"field_{name}"] for name in taken if name != "level"} == {"mine"}
    assert "field_level" not in line, "it says the same"


def test_an_error_that_is_told_stays_beside_the_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        Logger("app.test").exception("failed", error="E42")
    line = format_last(caplog)
    assert "RuntimeError: broken" in str(line["error"])
    assert line["field_error"] == "E42"


@pytest.mark.parametrize("extra", ["text", None, 7, ["a"]])
def test_what_a_library_calls_fields_costs_no_line(
    caplog: pytest.LogCaptureFixture, extra: object
) -> None:
    logging.getLogger("library").warning("of a library", extra={"fields": extra})
    assert format_last(caplog)["message"] == "of a library"


NOT_JSON = [
    float("nan"),
    float("inf"),
    {"deep": [{"deeper": -float("inf")}]},
    {float("nan"): 1},
    (float("nan"), "\ud800"),
    {"\ud800": {float("inf"): float("nan")}},
    Decimal("NaN"),
]


@pytest.mark.parametrize("value", NOT_JSON, ids=str)
def test_a_number_that_json_has_not_is_a_text(value: object) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    line = write_line({"value": value})
    json.loads(line, parse_constant=refuse)
    assert "nan" in line.lower() or "inf" in line.lower()


@pytest.mark.parametrize("value", ["\ud800", b"\xff", {1: {2}}, float("nan"), object()])
def test_a_value_that_is_no_json_is_a_line_all_the_same(
    caplog: pytest.LogCaptureFixture, value: object
) -> None:
    with caplog.at_level(logging.INFO):
        Logger("app.test").info("strange", value=value)
    assert format_last(caplog)["message"] == "strange"


def test_a_line_has_its_moment_in_utc_with_milliseconds() -> None:
    assert format_time(1767225600.0069) == "2026-01-01T00:00:00.006+00:00"


def test_at_a_terminal_a_line_is_for_people(caplog: pytest.LogCaptureFixture) -> None:
    terminal = TerminalFormatter(ServiceSettings(name="shop", version="7"))
    with caplog.at_level(logging.INFO):
        Logger("app.test").info("item created", item_id=7, password="hidden")
    line = terminal.format(caplog.records[-1])
    assert line.endswith("INFO     item created  logger=app.test item_id=7 password=***")


def test_at_a_terminal_a_traceback_has_lines(caplog: pytest.LogCaptureFixture) -> None:
    terminal = TerminalFormatter(ServiceSettings(name="shop", version="7"))
    try:
        raise ValueError("no https://me:secret@host/name")
    except ValueError:
        Logger("app.test").exception("it failed")
    first, *_, last = terminal.format(caplog.records[-1]).splitlines()
    assert first.endswith("ERROR    it failed  logger=app.test")
    assert last == "ValueError: no https://me:***@host/name"
