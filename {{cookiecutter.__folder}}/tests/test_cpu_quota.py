"""The CPUs that the container may use, and the processes that follow from them."""

from pathlib import Path

import pytest

from app.core import config
from app.core.config import load_core_settings
from app.core.cpu_quota import read_cpu_quota


class Groups:
    """Control groups as files, and which of them the process is in."""

    def __init__(self, folder: Path) -> None:
        self.controllers = folder / "cgroup"
        self.membership = folder / "membership"

    def write(self, path: str, text: str) -> None:
        file = self.controllers / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="ascii")

    def read(self, membership: str) -> float | None:
        self.membership.write_text(membership, encoding="ascii")
        return read_cpu_quota(self.controllers, self.membership)


@pytest.fixture
def groups(tmp_path: Path) -> Groups:
    return Groups(tmp_path)


def test_a_container_reads_the_second_version(groups: Groups) -> None:
    groups.write("cpu.max", "250000 100000\n")
    assert groups.read("0::/\n") == 2.5


def test_a_container_reads_the_first_version(groups: Groups) -> None:
    groups.write("cpu/cpu.cfs_quota_us", "150000\n")
    groups.write("cpu/cpu.cfs_period_us", "100000\n")
    assert groups.read("4:memory:/\n3:cpu,cpuacct:/docker/0123\n0::/\n") == 1.5


def test_the_least_of_the_groups_around_it_counts(groups: Groups) -> None:
    groups.write("a.slice/cpu.max", "200000 100000\n")
    groups.write("a.slice/b.service/cpu.max", "max 100000\n")
    assert groups.read("0::/a.slice/b.service\n") == 2


@pytest.mark.parametrize(
    ("path", "text"), [("cpu.max", "max 100000\n"), ("cpu/cpu.cfs_quota_us", "-1\n")]
)
def test_no_limit_is_none(groups: Groups, path: str, text: str) -> None:
    groups.write(path, text)
    groups.write("cpu/cpu.cfs_period_us", "100000\n")
    assert groups.read("1:cpu:/\n0::/\n") is None


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert read_cpu_quota(tmp_path, tmp_path / "nowhere") is None


class TestProcesses:
    """How many there are."""

    @pytest.fixture(autouse=True)
    def servers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keep nothing in the memory of one process."""
        # {% if cookiecutter.broker in ("both", "rabbitmq") %}
        monkeypatch.setenv("BROKER_URL", "amqp://127.0.0.1:1/")
        # {% endif %}
        # {% if cookiecutter.broker == "kafka" %}
        monkeypatch.setenv("BROKER_URL", "kafka://127.0.0.1:1")
        # {% endif %}
        # {% if cookiecutter.cache == "redis" %}
        monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
        # {% endif %}
        monkeypatch.delenv("WORKERS", raising=False)

    @pytest.mark.parametrize(
        ("quota", "workers"), [(None, 1), (0.25, 1), (1.0, 1), (1.9, 1), (4.0, 4)]
    )
    def test_there_is_one_for_each_cpu_of_the_quota(
        self, monkeypatch: pytest.MonkeyPatch, quota: float | None, workers: int
    ) -> None:
        monkeypatch.setattr(config, "read_cpu_quota", lambda: quota)
        assert load_core_settings().count_workers() == workers

    def test_the_setting_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(config, "read_cpu_quota", lambda: 4.0)
        monkeypatch.setenv("WORKERS", "2")
        assert load_core_settings().count_workers() == 2
    # {% if cookiecutter.broker != "none" %}

    def test_a_broker_in_memory_reaches_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(config, "read_cpu_quota", lambda: 4.0)
        monkeypatch.delenv("BROKER_URL")
        assert load_core_settings().count_workers() == 1
    # {% endif %}
    # {% if cookiecutter.cache == "redis" %}

    def test_a_cache_in_memory_is_known_to_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(config, "read_cpu_quota", lambda: 4.0)
        monkeypatch.delenv("REDIS_URL")
        assert load_core_settings().count_workers() == 1
    # {% endif %}
