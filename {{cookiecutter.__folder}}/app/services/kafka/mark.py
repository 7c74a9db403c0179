"""What is left with the offset of a partition, for its next owner."""

from dataclasses import dataclass

CLEAN = ""
RUNNING = "running"
CAREFUL = "careful:"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What the last owner of a partition left with its offset: how it ended.

    `running` says that it died, or is alive. `careful:2` says that it died at this very message,
    which two processes before had died of. Nothing says that it went in an orderly way.
    """

    offset: int | None = None
    is_clean: bool = False
    deaths: int = 0

    @classmethod
    def read(cls, offset: int, metadata: str) -> "Mark":
        """Return what metadata of a commit says, ours or those of another client."""
        before = metadata.removeprefix(CAREFUL)
        deaths = int(before) + 1 if metadata.startswith(CAREFUL) and before.isdecimal() else 0
        return cls(offset=offset, is_clean=metadata == CLEAN, deaths=deaths)
