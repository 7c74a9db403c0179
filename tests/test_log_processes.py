"""A service's log lines under load, at its end and in several processes."""

import shutil
from pathlib import Path

import pytest

from tests.combinations import choose
from tests.processes import API, find_port, running
from tests.recipes import check_recipe, make_service
from tests.zones import OVERLAYS

pytestmark = pytest.mark.slow

ALONE = choose(interface="api", broker="none", database="none", cache="none")


def test_every_line_of_whole_processes_arrives_once_or_is_counted(tmp_path: Path) -> None:
    service = make_service(tmp_path / "service", ALONE)
    shutil.copytree(OVERLAYS / "logs", service, dirs_exist_ok=True)
    assert "7 passed" in check_recipe(service, "test", "tests/service/test_log_processes.py")


def test_a_log_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    service = make_service(tmp_path / "service", ALONE)
    variables = {"LOG_FILE": str(tmp_path / "nowhere/log"), "PORT": str(find_port())}
    with running(service, *API, log=tmp_path / "log", **variables) as process:
        assert process.wait() != 0
        assert process.output == f"LOG_FILE: there is no folder {tmp_path / 'nowhere'}\n"
