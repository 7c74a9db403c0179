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
    ConnectionClosed,
    ProbableAuthenticationError,
)

from app.core.tls import explain_refusal
from app.services.rabbitmq.transport import CertificateRefusedError
from app.utils.broker_errors import BrokerError, BrokerRefusedError, BrokerUnavailableError

FAILURES = (*CONNECTION_EXCEPTIONS, TimeoutError)
REFUSALS = (
    AuthenticationError,
    CertificateRefusedError,
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
    # What a newer server permits no more ends the connection, as a fault of the server does.
    is_deprecated = isinstance(error, ConnectionClosed) and "is deprecated" in str(error)
    # With TLS 1.3 a server looks at a client's certificate when the connection stands already.
    is_certificate = explain_refusal(error) is not None
    return is_forbidden or is_deprecated or is_certificate or isinstance(error, REFUSALS)


def describe(error: BaseException) -> str:
    """Return one line about an error, which for some of the client's is not in its text."""
    if isinstance(error, CertificateRefusedError):
        return str(error)
    if refusal := explain_refusal(error):
        return refusal
    return f"{type(error).__name__}: {error}".splitlines()[0]
