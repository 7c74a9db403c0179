"""The connection to the broker: made when the broker is there, which may be later than we are."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.services.topics import list_topics
from app.utils.background import run_in_background
from app.utils.broker_errors import BrokerError, BrokerRefusedError
from app.utils.logger import Logger
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group

logger = Logger(__name__)

PAUSE_SECONDS = 1.0


class Connection:
    """Tells whether the broker is connected and holds what the service needs of it."""

    def __init__(
        self, broker: MessageBroker, groups: Collection[Group], core: CoreSettings
    ) -> None:
        """Connect later, on behalf of the service and these groups of it."""
        self.made = asyncio.Event()
        self._broker = broker
        self._is_refused = False
        self._groups = groups
        self._service = core.service.name
        # What production needs is created by those who run it, on purpose.
        self._create = core.process.environment != "production"

    async def make(self) -> None:
        """Connect, and create or check the topology.

        Raises BrokerUnavailableError when nothing answers, and BrokerRefusedError for what will
        not be better the next time.
        """
        if not self._is_refused:
            await self._broker.connect()
        try:
            await self._prepare()
        except BrokerRefusedError:
            # To connect again would not help, and cut off those who publish meanwhile.
            self._is_refused = True
            raise
        self.made.set()

    async def _prepare(self) -> None:
        """Create or check the topology."""
        topics = list_topics(self._service)
        if self._create:
            await self._broker.apply(topics, self._groups)
        elif missing := await self._broker.check(topics, self._groups):
            raise BrokerRefusedError(f"{'; '.join(missing)}: run `just topology apply`")

    async def keep_trying(self) -> None:
        """Connect as soon as the broker is there."""
        while not self.made.is_set():
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await self.make()
            except BrokerError as error:
                logger.warning("broker not connected", error=str(error))


@asynccontextmanager
async def keep_connected(
    broker: MessageBroker, groups: Collection[Group], core: CoreSettings
) -> AsyncIterator[Connection]:
    """Connect now, or in the background if the broker is not there yet.

    Raises StartupError, one sentence, when it is there and refuses.
    """
    connection = Connection(broker, groups, core)
    try:
        await connection.make()
    except BrokerRefusedError as error:
        await broker.close()
        raise StartupError(f"BROKER_URL: {error}") from error
    except BrokerError as error:
        logger.warning("broker not connected, trying again", error=str(error))
    try:
        async with run_in_background(connection.keep_trying()):
            yield connection
    finally:
        await broker.close()
