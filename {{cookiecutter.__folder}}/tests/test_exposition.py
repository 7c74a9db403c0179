"""The metrics as text: there for Prometheus, and for nobody else where a token is set."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from app.core import metrics
from app.core.config import ProcessSettings
from app.core.exposition import may_read, write_metrics
from app.core.settings import read_settings


def test_every_metric_is_there_once() -> None:
    metrics.SERVICE_INFO.set(1, "tests", "1.0")
    names = [family.name for family in text_string_to_metric_families(write_metrics().decode())]
    assert {"service_info", "dependency_up", "process_resident_memory_bytes"} <= {*names}
    assert len(names) == len({*names})


def test_a_counter_is_one_series() -> None:
    metrics.LOG_LINES_LOST.labels("full").inc(0)
    assert "_created" not in write_metrics().decode()


def test_without_a_token_everybody_may_read() -> None:
    assert may_read(None, b"")


@pytest.mark.parametrize(
    ("header", "expected"),
    [(b"Bearer sesame", True), (b"Bearer sesam", False), (b"sesame", False), (b"\xff", False)],
)
def test_with_a_token_only_who_has_it(header: bytes, expected: bool) -> None:
    assert may_read(SecretStr("sesame"), header) is expected


def test_the_token_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "sesame")
    assert "sesame" not in repr(read_settings(ProcessSettings))
