"""What tests need of people."""

from collections.abc import Awaitable, Callable

Headers = dict[str, str]
Sign = Callable[..., Awaitable[Headers]]
Enter = Callable[..., Awaitable[Headers]]
