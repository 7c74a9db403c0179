"""What is left with the offset of a partition, for its next owner."""

from dataclasses import dataclass

CLEAN = ""
RUNNING = "running"
CAREFUL = "careful:"
TOPIC = "@"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What the last owner of a partition left with its offset: how it ended.

    `running` says that it died, or is alive. `careful:2` says that it died at this very message,
    which two processes before had died of. Nothing says that it went in an orderly way. Behind
    it stands the id of the topic: in another topic of that name the offset means nothing.
    """

    offset: int | None = None
    is_clean: bool = False
    deaths: int = 0

    @classmethod
    def read(cls, offset: int, metadata: str, topic_id: str = "") -> "Mark":
        """Return what metadata of a commit says, ours or those of another client."""
        said, _, known = metadata.partition(TOPIC)
        if known and topic_id and known != topic_id:
            return cls(offset=0)
        before = said.removeprefix(CAREFUL)
        deaths = int(before) + 1 if said.startswith(CAREFUL) and before.isdecimal() else 0
        return cls(offset=offset, is_clean=said == CLEAN, deaths=deaths)


def write_mark(said: str, topic_id: str) -> str:
    """Return the metadata of a commit."""
    return f"{said}{TOPIC}{topic_id}" if topic_id else said
