"""Dead letters of a group: handed to it again, or deleted."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.utils.broker_errors import MessageRefusedError
from app.utils.dead_letter import revive
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """The dead letters of one group."""

    broker: MessageBroker
    group: Group
    refused: list[str] = field(default_factory=list)
    """Those that could not be replayed, with the reason: the broker does not take them from us."""

    async def replay(self, choose: Callable[[Envelope], bool], *, as_new: bool = False) -> int:
        """Hand the chosen messages to the group again, and to no other; return how many.

        They keep their ids, so that what was handled after all is not handled twice; `as_new`
        gives them others.
        """
        replayed = 0

        async def keep(message: Envelope) -> bool:
            nonlocal replayed
            if not choose(message):
                return True
            try:
                await self.broker.send(self.group.rung(0), revive(message, as_new=as_new))
            except MessageRefusedError as error:
                # It stays, and the others are replayed all the same.
                self.refused.append(f"{message.id} ({error})")
                return True
            replayed += 1
            return False

        await self.broker.sift(self.group.dead, keep)
        return replayed

    async def purge(self, choose: Callable[[Envelope], bool]) -> int:
        """Delete the chosen messages for good; return how many."""
        purged = 0

        async def keep(message: Envelope) -> bool:
            nonlocal purged
            purged += (chosen := choose(message))
            return not chosen

        await self.broker.sift(self.group.dead, keep)
        return purged
