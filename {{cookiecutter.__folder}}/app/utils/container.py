"""What the process has opened, found by its type."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar

Opened = TypeVar("Opened")


class Container(Mapping[type, Any]):
    """Instances by the type that others ask for them by: `container[Resources]`."""

    def __init__(self) -> None:
        """Start with nothing open."""
        self._instances: dict[type, Any] = {}
        self._spared: set[type] = set()

    def add(self, kind: type[Opened], instance: Opened) -> Opened:
        """Keep an instance for those who ask for `kind`, and return it."""
        self._instances[kind] = instance
        return instance

    def spare(self, kind: type) -> None:
        """Let this process do without it for a while, though others of the service may not."""
        self._spared.add(kind)

    @property
    def probes(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """The `ping` of everything that has one, by the name of its type."""
        return {
            kind.__name__: instance.ping
            for kind, instance in self._instances.items()
            if hasattr(instance, "ping")
        }

    @property
    def optional(self) -> set[str]:
        """The names of what the service can do without for a while."""
        return {
            kind.__name__
            for kind, instance in self._instances.items()
            if kind in self._spared or getattr(instance, "is_optional", False)
        }

    def __getitem__(self, kind: type[Opened]) -> Opened:
        """Return the instance of a type."""
        instance: Opened = self._instances[kind]
        return instance

    def __iter__(self) -> Iterator[type]:
        """List the types."""
        return iter(self._instances)

    def __len__(self) -> int:
        """Count the instances."""
        return len(self._instances)
