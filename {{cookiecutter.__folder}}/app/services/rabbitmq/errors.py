"""Errors of the client for RabbitMQ, and what they are called here."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AuthenticationError,
    ChannelClosed,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    ProbableAuthenticationError,
)

from app.utils.broker_errors import BrokerError, BrokerRefusedError, BrokerUnavailableError

FAILURES = (*CONNECTION_EXCEPTIONS, TimeoutError)
REFUSALS = (
    AuthenticationError,
    ProbableAuthenticationError,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)


@contextmanager
def translate_failures() -> Iterator[None]:
    """Raise the errors of this project for those of the client."""
    try:
        with recognise_loss():
            yield
    except BrokerError:
        raise
    except FAILURES as error:
        kind = BrokerRefusedError if is_refusal(error) else BrokerUnavailableError
        raise kind(describe(error)) from error


@contextmanager
def recognise_loss() -> Iterator[None]:
    """Raise ConnectionError for a lost connection, which the client tells by CancelledError."""
    try:
        yield
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        raise ConnectionError("the connection is lost") from error


def is_refusal(error: BaseException) -> bool:
    """Tell whether the server would answer the same the next time."""
    # The client has no public name for the error of a missing permission.
    is_forbidden = isinstance(error, ChannelClosed) and "ACCESS_REFUSED" in str(error)
    return is_forbidden or isinstance(error, REFUSALS)


def describe(error: BaseException) -> str:
    """Return one line about an error, which for some of the client's is not in its text."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
