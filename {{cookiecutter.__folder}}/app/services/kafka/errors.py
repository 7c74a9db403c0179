"""What the errors of the client mean: try again, or mend something first."""

import ssl

from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    BrokerResponseError,
    ClusterAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    kafka_errors,
)

from app.core.tls import explain_refusal
from app.utils.broker_errors import BrokerError, BrokerRefusedError, BrokerUnavailableError


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc] # aiokafka has no types
    """The topic takes no such record, as a compacted one takes none without a key."""

    errno = 87
    message = "INVALID_RECORD"
    description = "The broker refuses a record for what it is."


# To aiokafka 0.14 it is one of those that it does not know, which all look the same.
kafka_errors[InvalidRecordError.errno] = InvalidRecordError

FAILURES = (KafkaError, OSError, TimeoutError)
OF_CONTENT = (InvalidRecordError, MessageSizeTooLargeError, RecordListTooLargeError)
"""What a server says of a message, and so of the batch that it is in."""
LOST = (KafkaConnectionError, KafkaTimeoutError)
REFUSALS = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    ClusterAuthorizationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    ssl.SSLCertVerificationError,
)


def describe(error: BaseException) -> str:
    """Return an error in one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if refusal := explain_refusal(error):
        return refusal
    return " ".join(f"{type(error).__name__} {error}".split()).removesuffix(" None")


def explain(error: BaseException, doing: str = "") -> BrokerError:
    """Return the error that says whether it would help to try again."""
    what = f"{doing}: {describe(error)}" if doing else describe(error)
    passing = not isinstance(error, KafkaError) or error.retriable
    if not isinstance(error, REFUSALS) and (passing or isinstance(error, LOST)):
        return BrokerUnavailableError(what)
    return BrokerRefusedError(what)
