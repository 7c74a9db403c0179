"""Brokers of the newest versions, with all denied that their makers deny, pass every contract."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.combinations import DEFAULT
from tests.connecting import miss
from tests.environments import make_own
from tests.programs import check
from tests.renders import render
from tools.servers import KINDS, ServerError, attach, ensure, stop
from tools.servers.versions import choose_home, read_versions

NEWEST = ("newest",)
BROKERS = ("rabbitmq", "kafka")

pytestmark = [pytest.mark.slow, pytest.mark.servers, pytest.mark.waits]


@pytest.fixture
def urls() -> Iterator[dict[str, str]]:
    """The variables of brokers that nobody else uses."""
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("this machine gives nobody a mount namespace, in which other versions run")
    home = choose_home(NEWEST)
    try:
        found = ensure(BROKERS, versions=read_versions(NEWEST), home=home)
    except ServerError as error:
        miss(str(error))
    try:
        # What the issue of RabbitMQ 4.3 was: it denies what Debian's build permits.
        configuration = (attach("rabbitmq", home=home).directory / "rabbitmq.conf").read_text()
        assert "permit.transient_nonexcl_queues = false" in configuration
        yield {KINDS[name].variable: url for name, url in found.items()}
    finally:
        stop(home=home)


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
