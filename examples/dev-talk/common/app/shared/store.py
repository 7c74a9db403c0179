"""The store that the services share: unlike a cache it says so when it does not answer."""

from abc import ABC, abstractmethod


class Store(ABC):
    """Texts, numbers and sets under keys that all services know; each is kept for a time.

    Every method raises UnavailableError when the store does not answer.
    """

    @abstractmethod
    async def read(self, *keys: str) -> list[str | None]:
        """Return what is kept under each key."""

    @abstractmethod
    async def write(self, key: str, value: str, *, ttl: float) -> None:
        """Keep a value for `ttl` seconds."""

    @abstractmethod
    async def swap(self, key: str, old: str, new: str, *, ttl: float) -> bool:
        """Replace a value if it still is the old one; return whether it was."""

    @abstractmethod
    async def raise_to(self, key: str, number: int, *, ttl: float) -> None:
        """Keep a number unless a larger one is kept already."""

    @abstractmethod
    async def delete(self, *keys: str) -> None:
        """Forget the keys."""

    @abstractmethod
    async def add(self, key: str, member: str, *, ttl: float) -> None:
        """Add a member to the set of a key, and keep all of it for `ttl` seconds."""

    @abstractmethod
    async def remove(self, key: str, *members: str) -> None:
        """Take members out of the set of a key."""

    @abstractmethod
    async def list_members(self, key: str) -> set[str]:
        """Return the set of a key."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""
