"""Connections and channels to RabbitMQ that come back by themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from aio_pika import Channel, RobustConnection
from aio_pika.abc import AbstractChannel
from aio_pika.connection import make_url
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AuthenticationError,
    ChannelClosed,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    InvalidFrameError,
    ProbableAuthenticationError,
)

from app.utils.logger import Logger
from app.utils.message_broker import (
    BrokerError,
    BrokerRefusedError,
    BrokerUnavailableError,
)

logger = Logger(__name__)

TIMEOUT_SECONDS = 10.0
RETRY_SECONDS = 1.0
# A connection that was cut without a word is noticed after three of these.
HEARTBEAT_SECONDS = 15
FAILURES = (*CONNECTION_EXCEPTIONS, TimeoutError)
REFUSALS = (
    AuthenticationError,
    ProbableAuthenticationError,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)

SetUp = Callable[[AbstractChannel], Awaitable[None]]


async def open_connection(url: str) -> RobustConnection:
    """Connect; from then on the connection is made again whenever it was lost.

    Raises BrokerUnavailableError or BrokerRefusedError.
    """
    address = make_url(url)
    defaults = {"heartbeat": HEARTBEAT_SECONDS, "reconnect_interval": RETRY_SECONDS}
    connection = RobustConnection(address.with_query({**defaults, **address.query}))
    try:
        with translate_failures():
            await connection.connect(timeout=TIMEOUT_SECONDS)
    except BaseException as error:
        await close_connection(connection)
        if isinstance(error.__cause__, InvalidFrameError):
            raise BrokerRefusedError(
                "RabbitMQ lets the user in, but not into the virtual host: "
                "create it, or let the user use it"
            ) from error
        raise
    return connection


async def close_connection(connection: RobustConnection) -> None:
    """Close a connection, as far as that can be done in time."""
    with suppress(*FAILURES):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await connection.close()


@asynccontextmanager
async def open_channel(connection: RobustConnection | None) -> AsyncIterator[AbstractChannel]:
    """Open a channel for the block: some mistakes close the channel that they are made on."""
    if connection is None:
        raise BrokerUnavailableError("not connected")
    channel = Channel(connection)
    try:
        with translate_failures():
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await channel.initialize()
        yield channel
    finally:
        await close_channel(channel)


async def close_channel(channel: AbstractChannel) -> None:
    """Close a channel, which may be lost, as far as that can be done in time."""
    if channel.is_initialized:
        with suppress(*FAILURES):
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await channel.close()


@contextmanager
def translate_failures() -> Iterator[None]:
    """Raise the errors of this project for those of the client."""
    try:
        yield
    except BrokerError:
        raise
    except FAILURES as error:
        kind = BrokerRefusedError if is_refusal(error) else BrokerUnavailableError
        raise kind(describe(error)) from error


def is_refusal(error: BaseException) -> bool:
    """Tell whether the server would answer the same the next time."""
    # The client has no public name for the error of a missing permission.
    is_forbidden = isinstance(error, ChannelClosed) and "ACCESS_REFUSED" in str(error)
    return is_forbidden or isinstance(error, REFUSALS)


def describe(error: BaseException) -> str:
    """Return one line about an error, which for some of the client's is not in its text."""
    return f"{type(error).__name__}: {error}".splitlines()[0]


class KeptChannel:
    """A channel that is opened again, and set up as before, whenever it was lost.

    The client's own channels do that too, but one whose queue is gone keeps the connection from
    coming back, and with it everybody else.
    """

    def __init__(self, connection: RobustConnection, name: str, set_up: SetUp) -> None:
        """Prepare; logs call the channel `name`."""
        self._connection = connection
        self._name = name
        self._set_up = set_up
        self._channel: AbstractChannel | None = None
        self._lost = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the channel is there, with everything that was set up on it."""
        return not (self._channel is None or self._channel.is_closed or self._lost.is_set())

    async def open(self) -> None:
        """Open it, now or as soon as the server answers.

        Raises BrokerRefusedError if it cannot be set up like this.
        """
        try:
            if self._connection.connected.is_set():
                await self._open()
        except FAILURES as error:
            if is_refusal(error):
                raise BrokerRefusedError(f"{self._name}: {describe(error)}") from error
            logger.warning("channel not open", channel=self._name, error=describe(error))
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Open it no more; it stays open if it is."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            if self._channel is not None:
                await self._lost.wait()
                logger.warning("channel lost", channel=self._name)
                lost, self._channel = self._channel, None
                await close_channel(lost)
            await self._connection.connected.wait()
            try:
                await self._open()
            except Exception as error:  # noqa: BLE001 - whatever it is, it must be tried again
                logger.warning("channel not open", channel=self._name, error=describe(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                logger.info("channel open", channel=self._name)

    async def _open(self) -> None:
        lost = asyncio.Event()
        channel = Channel(self._connection, on_return_raises=True)
        # The channel may be lost, or the server may end a consumer on it.
        channel.close_callbacks.add(lambda *_: lost.set())
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await channel.initialize()
                underlay = await channel.get_underlay_channel()
                underlay.on_consumer_cancel_callbacks.add(lambda _: lost.set())
                await self._set_up(channel)
        except BaseException:
            await close_channel(channel)
            raise
        self._channel, self._lost = channel, lost
