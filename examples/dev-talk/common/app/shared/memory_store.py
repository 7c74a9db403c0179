"""The store in the memory of this process, which then is the only one."""

from typing import Any

from app.shared.store import Store
from app.utils.clock import now


class MemoryStore(Store):
    """Keep everything until its time is over, or the process ends."""

    def __init__(self) -> None:
        """Start empty."""
        self._values: dict[str, tuple[Any, float]] = {}

    async def read(self, *keys: str) -> list[str | None]:
        """Return what is kept under each key."""
        return [self._find(key) for key in keys]

    async def write(self, key: str, value: str, *, ttl: float) -> None:
        """Keep a value."""
        self._keep(key, value, ttl)

    async def swap(self, key: str, old: str, new: str, *, ttl: float) -> bool:
        """Replace a value if it still is the old one."""
        if self._find(key) != old:
            return False
        self._keep(key, new, ttl)
        return True

    async def raise_to(self, key: str, number: int, *, ttl: float) -> None:
        """Keep a number unless a larger one is kept."""
        self._keep(key, str(max(number, int(self._find(key) or number))), ttl)

    async def delete(self, *keys: str) -> None:
        """Forget the keys."""
        for key in keys:
            self._values.pop(key, None)

    async def add(self, key: str, member: str, *, ttl: float) -> None:
        """Add a member to a set."""
        self._keep(key, (self._find(key) or frozenset()) | {member}, ttl)

    async def remove(self, key: str, *members: str) -> None:
        """Take members out of a set."""
        if key in self._values:
            kept, ends = self._values[key]
            self._values[key] = kept - set(members), ends

    async def list_members(self, key: str) -> set[str]:
        """Return a set."""
        return set(self._find(key) or ())

    async def close(self) -> None:
        """Forget everything."""
        self._values.clear()

    def _find(self, key: str) -> Any:
        value, ends = self._values.get(key, (None, 0.0))
        if value is not None and ends <= now().timestamp():
            del self._values[key]
            return None
        return value

    def _keep(self, key: str, value: object, ttl: float) -> None:
        moment = now().timestamp()
        # Whoever writes often cleans up often: nothing is kept long after its time.
        for each in [name for name, (_, ends) in self._list_oldest() if ends <= moment]:
            del self._values[each]
        self._values.pop(key, None)
        self._values[key] = (value, moment + ttl)

    def _list_oldest(self) -> list[tuple[str, tuple[Any, float]]]:
        return [pair for pair, _ in zip(self._values.items(), range(10), strict=False)]
