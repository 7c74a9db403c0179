"""The command that writes the AsyncAPI document, and lets nobody break it by mistake."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.commands.asyncapi import main
from app.core.config import CoreSettings
from app.services.asyncapi import build_document
from app.utils.message_broker import Event
from tests.asyncapi_kit import RECEIVER, OrderPaid, OrderSent, make_document


class TestCommand:
    """`just asyncapi`: what is promised is not taken back by mistake."""

    @pytest.fixture(autouse=True)
    def start(self, monkeypatch: pytest.MonkeyPatch, core: CoreSettings) -> None:
        self.monkeypatch, self.promised = monkeypatch, make_document(core)
        self.declare(OrderPaid, OrderSent)

    def declare(self, *events: type[Event]) -> None:
        self.monkeypatch.setattr(
            "app.commands.asyncapi.describe_messages",
            lambda core: build_document(core.service, events, [RECEIVER]),
        )

    def run(self, *options: str) -> None:
        self.monkeypatch.setattr(sys, "argv", ["asyncapi", *options])
        main()

    def read(self) -> Any:
        return json.loads(Path("asyncapi.json").read_text())

    def test_what_is_written_is_up_to_date(self) -> None:
        self.run()
        self.run("--check")
        assert self.read() == self.promised

    def test_nothing_is_promised_before_it_is_written(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run("--check")
        assert "`just asyncapi` writes it" in capsys.readouterr().out
        assert not Path("asyncapi.json").exists()

    def test_a_harmless_change_must_be_written(self) -> None:
        self.declare(OrderSent)
        self.run()
        self.declare(OrderSent, OrderPaid)
        with pytest.raises(SystemExit, match=r"^asyncapi\.json is not up to date: run `just"):
            self.run("--check")
        self.run()
        assert self.read() == self.promised

    @pytest.mark.parametrize("options", [[], ["--check"]])
    def test_a_break_is_named_and_not_written(self, options: list[str]) -> None:
        self.run()
        self.declare(OrderSent)
        with pytest.raises(SystemExit, match=r"^order\.paid is not sent any more: [^\n]+\n") as it:
            self.run(*options)
        assert "`just asyncapi --accept-breaks`" in str(it.value)
        assert self.read() == self.promised

    def test_a_break_can_be_accepted(self) -> None:
        self.run()
        self.declare(OrderSent)
        self.run("--accept-breaks")
        self.run("--check")

    @pytest.mark.parametrize("text", ["<<<<<<< HEAD", "{}", "[]"])
    def test_a_damaged_document_is_one_line(self, text: str) -> None:
        Path("asyncapi.json").write_text(text)
        with pytest.raises(SystemExit, match=r"^asyncapi\.json: it is [^\n]+ from git again$"):
            self.run("--check")
