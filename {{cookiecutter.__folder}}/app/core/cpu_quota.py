"""How many CPUs the container may use."""

from collections.abc import Iterator
from pathlib import Path

CONTROLLERS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def read_cpu_quota(controllers: Path = CONTROLLERS, membership: Path = MEMBERSHIP) -> float | None:
    """Return how many CPUs the control groups of this process allow, or None for no limit."""
    if not membership.exists():
        return None
    quotas = [
        quota
        for folder in list_groups(controllers, membership)
        for quota in (read_second_version(folder), read_first_version(folder))
        if quota is not None
    ]
    return min(quotas, default=None)


def list_groups(controllers: Path, membership: Path) -> Iterator[Path]:
    """Yield the folders of the groups of this process, and of those around them.

    A container sees its own group as the root, whatever it is called outside.
    """
    for line in membership.read_text(encoding="utf-8").splitlines():
        _, names, path = line.split(":", 2)
        if names and "cpu" not in names.split(","):
            continue
        mount = controllers / "cpu" if names else controllers
        own = mount / path.strip("/")
        yield from (each for each in (own, *own.parents) if each.is_relative_to(mount))


def read_second_version(folder: Path) -> float | None:
    """Return the quota that `cpu.max` states: microseconds, or max, in so many."""
    match read_words(folder / "cpu.max"):
        case [quota, period] if quota.isdigit() and period.isdigit():
            return int(quota) / int(period)
    return None


def read_first_version(folder: Path) -> float | None:
    """Return the quota that two files state; -1 is none."""
    words = read_words(folder / "cpu.cfs_quota_us") + read_words(folder / "cpu.cfs_period_us")
    match words:
        case [quota, period] if quota.isdigit() and period.isdigit():
            return int(quota) / int(period)
    return None


def read_words(file: Path) -> list[str]:
    """Return what a file says; nothing when there is none."""
    try:
        return file.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []
