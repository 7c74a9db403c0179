"""What the errors of the client mean: try again, or mend something first."""

import ssl

from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    ClusterAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from app.utils.broker_errors import BrokerError, BrokerRefusedError, BrokerUnavailableError

FAILURES = (KafkaError, OSError, TimeoutError)
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
    return " ".join(f"{type(error).__name__} {error}".split()).removesuffix(" None")


def explain(error: BaseException, doing: str = "") -> BrokerError:
    """Return the error that says whether it would help to try again."""
    what = f"{doing}: {describe(error)}" if doing else describe(error)
    passing = not isinstance(error, KafkaError) or error.retriable
    if not isinstance(error, REFUSALS) and (passing or isinstance(error, LOST)):
        return BrokerUnavailableError(what)
    return BrokerRefusedError(what)
