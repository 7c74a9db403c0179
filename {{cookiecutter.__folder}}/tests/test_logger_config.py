"""Where log lines go."""

import logging
from pathlib import Path

import pytest

from app.core.config import load_core_settings
from app.core.logger_config import open_handlers


def test_a_file_gets_the_lines_when_it_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOG_FILE", str(tmp_path / "service.log"))
    handlers = open_handlers(load_core_settings())
    handlers[-1].handle(logging.makeLogRecord({"msg": "kept"}))
    handlers[-1].close()
    assert (tmp_path / "service.log").read_text() == "kept\n"
