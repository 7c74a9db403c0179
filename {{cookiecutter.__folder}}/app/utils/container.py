"""What the process has opened, found by its type."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
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
        return {name: each.ping for name, each in self._list() if hasattr(each, "ping")}

    @property
    def fresh_probes(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """The `probe` of everything that has one, which asks the server anew, or its `ping`."""
        probes = {name: getattr(each, "probe", None) for name, each in self._list()}
        return {name: probes[name] or ping for name, ping in self.probes.items()}

    @property
    def optional(self) -> set[str]:
        """The names of what the service can do without for a while."""
        spared = {kind.__name__ for kind in self._spared}
        return spared | {name for name, each in self._list() if is_optional(each)}

    def _list(self) -> Iterator[tuple[str, Any]]:
        """Yield what is open by its name, and what a dataclass such as `Resources` holds by its."""
        for kind, instance in self._instances.items():
            yield kind.__name__, instance
            if is_dataclass(instance):
                for field in fields(instance):
                    yield f"{kind.__name__}.{field.name}", getattr(instance, field.name)

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


def is_optional(instance: object) -> bool:
    """Tell whether the service can do without something for a while."""
    return bool(getattr(instance, "is_optional", False))
