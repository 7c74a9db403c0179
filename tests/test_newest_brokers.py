"""Brokers of the newest versions, with all denied that their makers deny, pass every contract."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.combinations import DEFAULT
from tests.environments import make_own
from tests.outages import private_server
from tests.programs import check
from tests.renders import render

BROKERS = ("rabbitmq", "kafka")

pytestmark = [pytest.mark.slow, pytest.mark.waits]


@pytest.fixture
def urls(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables of brokers that nobody else uses."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(private_server(name, tmp_path / name, "newest")) for name in BROKERS
        ]
        # What the fault in RabbitMQ 4.3 was: it denies what Debian's build permits.
        configuration = (servers[0].directory / "rabbitmq.conf").read_text()
        assert "permit.transient_nonexcl_queues = false" in configuration
        yield {server.variable: server.url for server in servers}


def test_they_pass_every_contract(urls: dict[str, str], tmp_path: Path) -> None:
    environment = make_own(render(DEFAULT))
    service = shutil.copytree(render(DEFAULT), tmp_path / "service")
    files = sorted(
        str(file.relative_to(service))
        for name in BROKERS
        for file in (service / "tests").glob(f"test_{name}*.py")
    )
    said = check(environment / "bin" / "pytest", "-q", "-rs", *files, cwd=service, **urls)
    assert " passed" in said
    assert "skipped" not in said, said
