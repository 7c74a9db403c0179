"""The drills by their names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drills.scene import Scene

Check = Callable[[], None]
Harm = Callable[[Scene], Check | None]
"""Does harm; may return what else there is to examine when all is quiet."""


@dataclass(frozen=True)
class Drill:
    """Harm that is done to a service at work."""

    name: str
    harm: Harm
    is_core: bool = False
    is_proxied: bool = False
    """Whether the connections to the broker can be cut, where it can be behind a proxy."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """What the service is told beside all that every drill tells it."""

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (self.harm.__doc__ or "").strip().splitlines()[0]


DRILLS: dict[str, Drill] = {}


def drill(*, core: bool = False, proxied: bool = False, **variables: str) -> Callable[[Harm], Harm]:
    """Enter the decorated function into the catalogue, by its name."""

    def enter(harm: Harm) -> Harm:
        name = harm.__name__.replace("_", "-")
        DRILLS[name] = Drill(name, harm, core, proxied, variables)
        return harm

    return enter
