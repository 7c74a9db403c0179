"""The settings of this service's own; handlers, jobs and routes may ask for `Settings`."""

from pydantic import Field

from app.core.settings import SettingsGroup


class Settings(SettingsGroup):
    """How tasks are run."""

    task_processes: int = Field(default=2, ge=1, le=64)
    """How many tasks this replica computes at once, each in a process of its own."""
    task_lease_seconds: float = Field(default=15, ge=3)
    """After how many seconds of silence another replica takes up a task."""
    task_attempts: int = Field(default=3, ge=1)
    """How often a task is tried before it has failed."""
    task_retry_seconds: float = Field(default=2, ge=0)
    """How many seconds a task waits before its second attempt; twice as long before each later."""
    task_seconds: float = Field(default=3600, gt=0)
    """How many seconds an attempt may take."""
